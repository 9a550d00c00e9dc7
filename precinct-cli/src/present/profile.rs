//! Where the time of a decision goes: by rule and by row.

use std::collections::{BTreeMap, HashMap};

use precinct_interpreter::trace::{Event, Op, Subject};
use precinct_rego::source::Sources;

use super::explain::place;
use super::json::Json;
use super::table::{Align, Table};

/// What one rule cost in all evaluations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleCost {
    /// Its name, with its package.
    pub name: String,
    /// The file and the row where it stands.
    pub file: String,
    pub row: u32,
    /// Nanoseconds in its own expressions.
    pub own: u64,
    /// Nanoseconds in it and in the rules that it asked.
    pub whole: u64,
    /// How often it was asked.
    pub calls: u64,
    /// How often it held.
    pub held: u64,
}

/// The costs of rules in several evaluations.
#[derive(Default)]
pub struct Rules(BTreeMap<Key, RuleCost>);

/// The file and the row of a rule.
type Key = (String, u32);

impl Rules {
    /// The costs; the dearest by their own time come first.
    pub fn sorted(self) -> Vec<RuleCost> {
        let mut costs: Vec<RuleCost> = self.0.into_values().collect();
        costs.sort_by(|one, other| {
            let by_time = other.own.cmp(&one.own);
            by_time.then_with(|| (&one.file, one.row).cmp(&(&other.file, other.row)))
        });
        costs
    }

    /// Adds an evaluation.
    pub fn add(&mut self, events: &[Event], sources: &Sources) {
        let mut owners = Owners::new();
        let mut parents: HashMap<u32, u32> = HashMap::new();
        for (number, event) in events.iter().enumerate() {
            parents.entry(event.query).or_insert(event.parent);
            if event.subject == Subject::Rule {
                let key = self.note(event, sources);
                owners.insert(event.query, Some(key));
            } else if !owners.contains_key(&event.query) {
                let asking = owners.get(&event.parent).cloned().flatten();
                owners.insert(event.query, asking);
            }
            // From one event to the next, the time is that of the body that the first is about.
            let until = events.get(number + 1).map_or(event.ns, |next| next.ns);
            let time = until.saturating_sub(event.ns);
            for (depth, key) in above(event.query, &owners, &parents).iter().enumerate() {
                if let Some(cost) = self.0.get_mut(*key) {
                    cost.whole += time;
                    cost.own += if depth == 0 { time } else { 0 };
                }
            }
        }
    }

    /// Counts what happened to a rule.
    fn note(&mut self, event: &Event, sources: &Sources) -> Key {
        let (file, row, _, _) = place(event.span, sources);
        let key = (file, row);
        let cost = self.0.entry(key.clone()).or_insert_with(|| RuleCost {
            name: event.text.to_string(),
            file: key.0.clone(),
            row,
            ..RuleCost::default()
        });
        match event.op {
            Op::Enter => cost.calls += 1,
            Op::Exit => cost.held += 1,
            _ => {}
        }
        key
    }
}

/// The rule that each body belongs to: its own, or that of the body that asked for it.
type Owners = HashMap<u32, Option<Key>>;

/// The rules that wait for a body, the nearest first, each once although it may ask itself.
fn above<'o>(query: u32, owners: &'o Owners, parents: &HashMap<u32, u32>) -> Vec<&'o Key> {
    let mut found: Vec<&Key> = Vec::new();
    let mut at = query;
    loop {
        if let Some(Some(key)) = owners.get(&at)
            && !found.contains(&key)
        {
            found.push(key);
        }
        match parents.get(&at) {
            // A body is asked for by one that began before it; the outermost names itself.
            Some(parent) if *parent < at => at = *parent,
            _ => return found,
        }
    }
}

/// The costs as JSON.
pub fn json(costs: &[RuleCost]) -> Json {
    let rows = costs.iter().map(|cost| {
        Json::object([
            ("rule", Some(cost.name.as_str().into())),
            ("own_time_ns", Some(cost.own.into())),
            ("total_time_ns", Some(cost.whole.into())),
            ("num_calls", Some(cost.calls.into())),
            ("num_held", Some(cost.held.into())),
            (
                "location",
                Some(Json::object([
                    ("file", Some(cost.file.as_str().into())),
                    ("row", Some(cost.row.into())),
                ])),
            ),
        ])
    });
    Json::Array(rows.collect())
}

/// The costs as a table: nanoseconds of one evaluation on average.
pub fn table(costs: &[RuleCost], runs: u64) -> String {
    let runs = runs.max(1);
    let mut table = Table::new(["Rule", "Own ns", "Total ns", "Calls", "Held", "Location"]);
    table.align = Align::Left;
    for cost in costs {
        table.row([
            cost.name.clone(),
            (cost.own / runs).to_string(),
            (cost.whole / runs).to_string(),
            cost.calls.to_string(),
            cost.held.to_string(),
            format!("{}:{}", cost.file, cost.row),
        ]);
    }
    table.render()
}
