//! Policies, inputs and base documents at random: well typed as a rule, and now and then not.
//!
//! * [`documents`]: inputs and base documents of one shape
//! * [`terms`]: terms of a type
//! * [`bodies`]: literals, and the variables that they bind
//! * [`calls`]: calls of every builtin
//! * [`rules`]: rules of every kind, in packages
//! * [`words`]: strings and numbers that builtins find hard

pub mod bodies;
pub mod calls;
pub mod documents;
pub mod rules;
pub mod terms;
pub mod words;

use precinct_conformance::{Case, Expected, Version};
use serde_json::{Map, Value};

use crate::random::Random;
use crate::tree::Node;

/// A case in parts.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it was made from.
    pub seed: u64,
    modules: Vec<Node>,
    version: Version,
    query: Node,
    data: Map<String, Value>,
    input: Option<Value>,
    strict_errors: bool,
}

/// The draft of a seed, always the same.
pub fn draft(seed: u64) -> Draft {
    let mut random = Random::new(seed);
    if random.chance(25) {
        return corner(seed, &mut random);
    }
    let input = documents::input(&mut random);
    let data = documents::data(&mut random);
    let strict_errors = random.chance(8);
    let mut writer = rules::Writer::new(random);
    let modules = writer.modules();
    Draft {
        seed,
        modules,
        version: writer.version(),
        query: writer.query(),
        data,
        input,
        strict_errors,
    }
}

/// Calls of builtins with hard arguments; one alone, when errors end the evaluation.
fn corner(seed: u64, random: &mut Random) -> Draft {
    let strict_errors = random.chance(30);
    let rules = if strict_errors { 1 } else { 12 };
    let v0 = random.chance(15);
    Draft {
        seed,
        modules: vec![calls::module(random, rules, v0)],
        version: if v0 { Version::V0 } else { Version::V1 },
        // As Rego would write it: sets stay sets, and numbers keep their digits.
        query: Node::text("x = sprintf(\"%v\", [data.p])"),
        data: Map::new(),
        input: None,
        strict_errors,
    }
}

impl Draft {
    /// The case in full.
    pub fn case(&self) -> Case {
        Case {
            id: format!("seed {}", self.seed),
            modules: self.modules.iter().map(Node::to_string).collect(),
            version: self.version,
            query: self.query.to_string(),
            data: self.data.clone(),
            input: self.input.clone(),
            strict_errors: self.strict_errors,
            expected: Expected::Anything,
            ..Case::default()
        }
    }

    /// Every draft that is one step smaller.
    pub fn smaller(&self) -> Vec<Self> {
        let mut found = Vec::new();
        let mut with = |change: &dyn Fn(&mut Self)| {
            let mut draft = self.clone();
            change(&mut draft);
            found.push(draft);
        };
        for index in 0..self.modules.len() {
            with(&|draft| {
                draft.modules.remove(index);
            });
        }
        if self
            .input
            .as_ref()
            .is_some_and(|input| *input != Value::Object(Map::new()))
        {
            with(&|draft| draft.input = Some(Value::Object(Map::new())));
        }
        if !self.data.is_empty() {
            with(&|draft| draft.data = Map::new());
        }
        for (index, module) in self.modules.iter().enumerate() {
            for smaller in module.smaller() {
                with(&|draft| draft.modules[index] = smaller.clone());
            }
        }
        if let Some(Value::Object(input)) = &self.input {
            for key in input.keys() {
                with(&|draft| {
                    if let Some(Value::Object(input)) = &mut draft.input {
                        input.remove(key);
                    }
                });
            }
        }
        found
    }
}
