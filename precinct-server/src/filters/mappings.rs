//! Names of tables and columns, where they are not those of the policy.
//!
//! `{"fruits": {"$self": "f", "name": "display_name"}}`, for all targets, for one (`sql`), or for a dialect
//! (`postgresql`). `$table` names the table of an unknown that is a column (`input.name`).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::target::Target;

/// The mappings of one target.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mappings<'m>(Option<&'m Map<String, Value>>);

/// The unknowns that are columns by themselves.
#[must_use]
pub fn short_unknowns(all: Option<&Map<String, Value>>) -> BTreeSet<String> {
    let groups = all.into_iter().flat_map(Map::values);
    let tables = groups.filter_map(Value::as_object).flatten();
    tables
        .filter(|(_, table)| table.get("$table").is_some_and(|it| !it.is_null()))
        .map(|(name, _)| name.clone())
        .collect()
}

impl<'m> Mappings<'m> {
    /// Those among all mappings that count for a target.
    ///
    /// # Errors
    /// In OPA's words, when a name is no string.
    pub fn of(all: Option<&'m Map<String, Value>>, target: Target) -> Result<Self, String> {
        let Some(all) = all else {
            return Ok(Self(None));
        };
        let [dialect, kind] = target.names();
        for (name, what) in [(dialect, "dialect"), (kind, "target")] {
            match all.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::Object(found)) => {
                    check(found)?;
                    return Ok(Self(Some(found)));
                }
                Some(_) => return Err(format!("mappings: invalid mappings for {what} {name}")),
            }
        }
        check(all)?;
        Ok(Self(Some(all)))
    }

    /// The column of a field (`fruits.name`).
    #[must_use]
    pub fn column(self, field: &str) -> String {
        let Some(all) = self.0 else {
            return field.to_owned();
        };
        let table_of = |name: &str| all.get(name).and_then(Value::as_object);
        let text =
            |table: &'m Map<String, Value>, key: &str| table.get(key).and_then(Value::as_str);
        let (mut name, mut column) = match field.split_once('.') {
            Some((name, column)) => (name, Some(column)),
            None => (field, None),
        };
        if let Some(table) = table_of(name).and_then(|table| text(table, "$table")) {
            (name, column) = (table, Some(name));
        }
        let (mut table, mut column) = (name, column);
        if let Some(names) = table_of(name) {
            table = text(names, "$self").unwrap_or(table);
            column = column.map(|column| text(names, column).unwrap_or(column));
        }
        match column {
            Some(column) => format!("{table}.{column}"),
            None => table.to_owned(),
        }
    }
}

fn check(all: &Map<String, Value>) -> Result<(), String> {
    // In the order of their names, so that the same fault is told each time.
    let mut tables: Vec<_> = all.iter().collect();
    tables.sort_by_key(|(name, _)| *name);
    for (table, names) in tables {
        let Value::Object(names) = names else {
            continue;
        };
        let mut names: Vec<_> = names.iter().collect();
        names.sort_by_key(|(name, _)| *name);
        for (key, value) in names {
            let found = match value {
                Value::String(_) => continue,
                Value::Object(_) if key != "$self" && key != "$table" => continue,
                Value::Object(_) => "map[string]interface {}",
                Value::Array(_) => "[]interface {}",
                Value::Number(_) => "json.Number",
                Value::Bool(_) => "bool",
                Value::Null => "<nil>",
            };
            return Err(format!(
                "mappings: invalid mappings: {table}.{key}: expected string, got {found}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use serde_json::json;

    use super::*;

    fn column(mappings: &Value, target: Target, field: &str) -> String {
        Mappings::of(mappings.as_object(), target)
            .unwrap()
            .column(field)
    }

    #[test]
    fn tables_and_columns_have_other_names() {
        let names = json!({"fruits": {"$self": "f", "name": "display_name"}});
        assert_eq!(
            column(&names, Target::Mysql, "fruits.name"),
            "f.display_name"
        );
        assert_eq!(column(&names, Target::Mysql, "fruits.price"), "f.price");
        assert_eq!(
            column(&names, Target::Mysql, "baskets.name"),
            "baskets.name"
        );
    }

    #[test]
    fn a_dialect_goes_before_its_kind() {
        let names = json!({
            "sql": {"fruits": {"name": "a"}},
            "mysql": {"fruits": {"name": "b"}}
        });
        assert_eq!(column(&names, Target::Mysql, "fruits.name"), "fruits.b");
        assert_eq!(column(&names, Target::Sqlite, "fruits.name"), "fruits.a");
        assert_eq!(
            column(&names, Target::UcastAll, "fruits.name"),
            "fruits.name"
        );
    }

    #[test]
    fn an_unknown_can_be_a_column() {
        let names = json!({"sql": {"name": {"$table": "fruits"}, "fruits": {"name": "n"}}});
        assert_eq!(column(&names, Target::Sqlite, "name"), "fruits.n");
        let shorts = short_unknowns(names.as_object());
        assert!(shorts.contains("name") && shorts.len() == 1);
    }

    #[test]
    fn names_are_strings() {
        let names = json!({"fruits": {"name": 3}});
        assert_eq!(
            Mappings::of(names.as_object(), Target::Mysql).unwrap_err(),
            "mappings: invalid mappings: fruits.name: expected string, got json.Number"
        );
        let names = json!({"mysql": 3});
        assert_eq!(
            Mappings::of(names.as_object(), Target::Mysql).unwrap_err(),
            "mappings: invalid mappings for dialect mysql"
        );
    }
}
