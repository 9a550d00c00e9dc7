//! What filters are written in, and what each can express.

use std::fmt;

/// What a condition needs besides comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `not`
    Not,
    /// A field is compared with another.
    FieldRef,
    /// A field is there.
    ExistenceRef,
}

impl Feature {
    const fn name(self) -> &'static str {
        match self {
            Self::Not => "not",
            Self::FieldRef => "field-ref",
            Self::ExistenceRef => "existence-ref",
        }
    }
}

/// The dialect of SQL, or the variant of UCAST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// SQL for `PostgreSQL`.
    Postgresql,
    /// SQL for `MySQL`.
    Mysql,
    /// SQL for SQL Server.
    Sqlserver,
    /// SQL for `SQLite`.
    Sqlite,
    /// UCAST with all operators.
    UcastAll,
    /// UCAST with comparisons only.
    UcastMinimal,
    /// UCAST as Prisma's adapter takes it.
    UcastPrisma,
    /// UCAST as LINQ's adapter takes it.
    UcastLinq,
}

const COMPARISONS: [&str; 6] = ["eq", "neq", "lt", "lte", "gt", "gte"];
const TEXT: [&str; 3] = ["startswith", "endswith", "contains"];
const MEMBER: &str = "internal.member_2";

impl Target {
    /// The target of names like `sql` and `postgresql`, or `ucast` and `all`.
    ///
    /// # Errors
    /// In OPA's words, when there is none.
    pub fn new(kind: &str, dialect: &str) -> Result<Self, String> {
        let lower = dialect.to_lowercase();
        match (kind, lower.as_str()) {
            ("sql", "postgresql") => Ok(Self::Postgresql),
            ("sql", "mysql") => Ok(Self::Mysql),
            ("sql", "sqlserver") => Ok(Self::Sqlserver),
            ("sql", "sqlite") => Ok(Self::Sqlite),
            ("sql", _) => Err(format!("unsupported variant for {kind}: {dialect}")),
            ("ucast", "all") => Ok(Self::UcastAll),
            ("ucast", "prisma") => Ok(Self::UcastPrisma),
            ("ucast", "linq") => Ok(Self::UcastLinq),
            ("ucast", _) => Ok(Self::UcastMinimal),
            _ => Err(format!(
                "unknown target/dialect combination: {kind}/{dialect}"
            )),
        }
    }

    /// Whether filters are text of SQL.
    #[must_use]
    pub const fn is_sql(self) -> bool {
        matches!(
            self,
            Self::Postgresql | Self::Mysql | Self::Sqlserver | Self::Sqlite
        )
    }

    /// The names under which mappings are looked for, the narrower first.
    #[must_use]
    pub const fn names(self) -> [&'static str; 2] {
        match self {
            Self::Postgresql => ["postgresql", "sql"],
            Self::Mysql => ["mysql", "sql"],
            Self::Sqlserver => ["sqlserver", "sql"],
            Self::Sqlite => ["sqlite", "sql"],
            Self::UcastAll => ["all", "ucast"],
            Self::UcastMinimal => ["minimal", "ucast"],
            Self::UcastPrisma => ["prisma", "ucast"],
            Self::UcastLinq => ["linq", "ucast"],
        }
    }

    fn takes_builtin(self, name: &str) -> bool {
        COMPARISONS.contains(&name)
            || match self {
                Self::Postgresql
                | Self::Mysql
                | Self::Sqlserver
                | Self::UcastAll
                | Self::UcastPrisma => name == MEMBER || TEXT.contains(&name),
                Self::Sqlite | Self::UcastLinq => name == MEMBER,
                Self::UcastMinimal => false,
            }
    }

    const fn has(self, feature: Feature) -> bool {
        match self {
            Self::Postgresql | Self::Mysql | Self::Sqlserver | Self::Sqlite => true,
            Self::UcastAll => matches!(feature, Feature::Not | Feature::FieldRef),
            Self::UcastPrisma => matches!(feature, Feature::Not | Feature::ExistenceRef),
            Self::UcastMinimal | Self::UcastLinq => false,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgresql => "SQL (postgresql)",
            Self::Mysql => "SQL (mysql)",
            Self::Sqlserver => "SQL (sqlserver)",
            Self::Sqlite => "SQL (sqlite)",
            Self::UcastAll => "UCAST (all)",
            Self::UcastMinimal => "UCAST",
            Self::UcastPrisma => "UCAST (prisma)",
            Self::UcastLinq => "UCAST (LINQ)",
        })
    }
}

/// Why not all targets take a builtin; one line for each that does not.
#[must_use]
pub fn refuses_builtin(targets: &[Target], name: &str) -> Option<String> {
    let refusing = targets.iter().filter(|target| !target.takes_builtin(name));
    joined(refusing.map(|target| format!("unsupported for {target}")))
}

/// Why not all targets have a feature; one line for each that has not.
#[must_use]
pub fn lacks(targets: &[Target], feature: Feature) -> Option<String> {
    let lacking = targets.iter().filter(|target| !target.has(feature));
    joined(lacking.map(|target| format!("unsupported feature \"{}\" for {target}", feature.name())))
}

fn joined(lines: impl Iterator<Item = String>) -> Option<String> {
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_says_what_it_lacks() {
        let all = [Target::Sqlite, Target::UcastLinq, Target::UcastAll];
        assert_eq!(
            refuses_builtin(&all, "startswith").as_deref(),
            Some("unsupported for SQL (sqlite)\nunsupported for UCAST (LINQ)")
        );
        assert_eq!(refuses_builtin(&all, "lte"), None);
        assert_eq!(
            lacks(&all, Feature::ExistenceRef).as_deref(),
            Some(
                "unsupported feature \"existence-ref\" for UCAST (LINQ)\n\
                 unsupported feature \"existence-ref\" for UCAST (all)"
            )
        );
    }

    #[test]
    fn unknown_targets_are_named() {
        assert_eq!(
            Target::new("", ""),
            Err("unknown target/dialect combination: /".to_owned())
        );
        assert_eq!(
            Target::new("sql", "oracle"),
            Err("unsupported variant for sql: oracle".to_owned())
        );
        assert_eq!(Target::new("ucast", "other"), Ok(Target::UcastMinimal));
    }
}
