//! The index of a select, made when the program is loaded.

use precinct_rego::ir;
use precinct_runtime::Value;
use precinct_runtime::index::{Entry, Index, Key, position};

/// The index over these arms; nothing if a key names a constant that does not exist.
pub(super) fn index(arms: &[ir::Arm], constants: &[Value<'_>]) -> Option<Index> {
    let paths: Vec<Vec<&str>> = paths(arms).collect();
    let mut paths = paths.iter();
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (number, arm) in (0_u32..).zip(arms) {
        let ir::When::Keys { subject, keys } = &arm.when else {
            continue;
        };
        for key in keys {
            let key = match key {
                ir::Key::Is(constant) => Key::Is(*constants.get(constant.index())?),
                ir::Key::Text(text) => Key::Is(Value::String(text)),
                ir::Key::Starts(text) => Key::Starts(text),
                ir::Key::Ends(text) => Key::Ends(text),
                ir::Key::Segment {
                    separator,
                    at,
                    text,
                } => Key::Segment(*separator, *at as usize, text),
                ir::Key::Holds { value, .. } => {
                    Key::Holds(paths.next()?, *constants.get(value.index())?)
                }
                ir::Key::Between { from, to } => {
                    let end = |end: &Option<ir::ConstantId>, open| match end {
                        Some(constant) => constants.get(constant.index()).copied().map(position),
                        None => Some(open),
                    };
                    Key::Between(end(from, f64::NEG_INFINITY)?, end(to, f64::INFINITY)?)
                }
            };
            entries.push((number, *subject, key));
        }
    }
    Some(Index::new(u32::try_from(arms.len()).ok()?, &entries))
}

/// The paths of the keys that have one, in their order.
fn paths(arms: &[ir::Arm]) -> impl Iterator<Item = Vec<&str>> {
    let keys = arms.iter().flat_map(|arm| match &arm.when {
        ir::When::Keys { keys, .. } => keys.as_slice(),
        ir::When::Always => &[],
    });
    keys.filter_map(|key| match key {
        ir::Key::Holds { path, .. } => Some(path.iter().map(|key| &**key).collect()),
        _ => None,
    })
}
