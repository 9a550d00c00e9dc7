//! States that no text tells apart become one (Moore, 1956).

use std::collections::HashMap;

use super::{Table, To};

/// The smallest automaton that says the same of every text.
pub(super) fn of(table: &Table) -> Table {
    let width = table.states.first().map_or(1, Vec::len);
    // The two that are decided are states like others here, so that others can be found to be the same.
    let (dead, fits) = (table.states.len(), table.states.len() + 1);
    let number = |to: To| match to {
        To::Dead => dead,
        To::Fits => fits,
        To::State(state) => state,
    };
    let mut rows: Vec<Vec<usize>> = table
        .states
        .iter()
        .map(|row| row.iter().copied().map(number).collect())
        .collect();
    rows.extend([vec![dead; width], vec![fits; width]]);
    // At first only the end of the text tells them apart.
    let end = width - 1;
    let mut blocks: Vec<usize> = rows
        .iter()
        .map(|row| usize::from(row[end] == fits))
        .collect();
    let mut count = 2;
    loop {
        let mut numbers = HashMap::new();
        let refined: Vec<usize> = rows
            .iter()
            .zip(&blocks)
            .map(|(row, block)| {
                let leads: Vec<usize> = row[..end].iter().map(|to| blocks[*to]).collect();
                let next = numbers.len();
                *numbers.entry((*block, leads)).or_insert(next)
            })
            .collect();
        let grown = numbers.len();
        blocks = refined;
        if grown <= count {
            break;
        }
        count = grown;
    }
    let place = |state: usize| match blocks[state] {
        block if block == blocks[dead] => To::Dead,
        block if block == blocks[fits] => To::Fits,
        block => To::State(block),
    };
    let mut states = vec![Vec::new(); blocks.iter().max().map_or(0, |most| most + 1)];
    for (row, block) in rows.iter().zip(&blocks) {
        if states[*block].is_empty() {
            states[*block] = row.iter().copied().map(place).collect();
        }
    }
    Table {
        classes: table.classes.clone(),
        states,
        start: place(number(table.start)),
    }
}
