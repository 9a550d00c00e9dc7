//! Many rules behind an index: a loop over the arms that can apply.
//!
//! ```text
//! select input["path"]                        for arm in INDEX.candidates(arena, [field(input, "path")]) {
//!   when starts "/a/"  block: …                   let row = &ROWS[arm];
//!   when starts "/b/"  block: …         ==>       'b0: { … row.0 … }
//!   …                                         }
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};

use precinct_rego::ir::{Arm, ConstantId, Key, Operand, Stmt, StmtKind, Subject, When};
use precinct_runtime::Value;
use precinct_runtime::index::position;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::body::{Body, name_of};
use super::rows::{Cell, Row, local, placeholder, private, renamed};
use crate::locals::Declaration;
use crate::visit::walk;

/// Fewer arms that are alike than this are written one by one.
const ALIKE: usize = 4;

/// Fewer arms than this are not compared with one another.
const MANY: usize = 24;

/// Arms whose Rust is the same but for their rows.
struct Shape {
    body: TokenStream,
    rows: Vec<(usize, Row)>,
}

impl<'p> Body<'_, 'p> {
    pub(super) fn select(&mut self, subjects: &'p [Subject], arms: &'p [Arm]) -> TokenStream {
        let shapes = if arms.len() < MANY {
            Vec::new()
        } else {
            self.shapes(arms)
        };
        let mut places: Vec<Option<(usize, usize)>> = vec![None; arms.len()];
        let mut bodies: Vec<TokenStream> = Vec::new();
        for shape in shapes {
            if shape.rows.len() < ALIKE {
                continue;
            }
            for (at, (arm, _)) in shape.rows.iter().enumerate() {
                places[*arm] = Some((bodies.len(), at));
            }
            let body = self.table(shape);
            bodies.push(body);
        }
        let alike = bodies.len();
        for (arm, place) in arms.iter().zip(&mut places) {
            if place.is_none() {
                *place = Some((bodies.len(), 0));
                let outer = self.row.replace(None);
                let body = self.arm(arm);
                self.row.replace(outer);
                bodies.push(body);
            }
        }
        let candidates = self.candidates(subjects, arms);
        let places: Vec<(usize, usize)> = places.into_iter().flatten().collect();
        let found = if alike == 1 && bodies.len() == 1 {
            // The arms are the rows of the one table, in order.
            let bodies = bodies.iter();
            quote!({ let at = arm as usize; #(#bodies)* })
        } else {
            let numbers = (0..bodies.len()).map(Literal::usize_unsuffixed);
            let (shape, at) = if alike == 0 {
                (quote!(arm), quote!())
            } else {
                let support = self.support();
                let count = places.len();
                let entries = places.iter().map(|(shape, at)| {
                    let shape = Literal::usize_unsuffixed(*shape);
                    let at = Literal::usize_unsuffixed(*at);
                    quote!((#shape, #at))
                });
                let kind = quote!([(::core::primitive::u32, ::core::primitive::u32); #count]);
                let name = self.emitter.statics.name(&kind, &quote!([#(#entries),*]));
                (
                    quote!(shape),
                    quote!(let (shape, at) = #support #name[arm as usize]; let at = at as usize;),
                )
            };
            quote! {
                #at
                match #shape {
                    #(#numbers => { #bodies })*
                    _ => {}
                }
            }
        };
        quote!(for arm in #candidates { #found })
    }

    /// The numbers of the arms to run.
    fn candidates(&self, subjects: &[Subject], arms: &[Arm]) -> TokenStream {
        let count = Literal::usize_unsuffixed(arms.len());
        if subjects.is_empty() {
            return quote!(0..#count);
        }
        let mut entries: Vec<TokenStream> = Vec::new();
        for (number, arm) in arms.iter().enumerate() {
            let When::Keys { subject, keys } = &arm.when else {
                continue;
            };
            let number = Literal::usize_unsuffixed(number);
            let subject = Literal::u32_unsuffixed(*subject);
            for key in keys {
                let key = self.key(key);
                entries.push(quote!((#number, #subject, rt::Key::#key)));
            }
        }
        let length = entries.len();
        let entries = self.emitter.statics.name(
            &quote!([(::core::primitive::u32, ::core::primitive::u32, rt::Key<'static>); #length]),
            &quote!([#(#entries),*]),
        );
        let index = self.emitter.statics.name(
            &quote!(::std::sync::LazyLock<rt::Index>),
            &quote!(::std::sync::LazyLock::new(|| rt::Index::new(#count, &#entries))),
        );
        let subjects = subjects.iter().map(|subject| self.subject(subject));
        let support = self.support();
        quote!(#support #index.candidates(arena, [#(#subjects),*]))
    }

    fn key(&self, key: &Key) -> TokenStream {
        match key {
            Key::Is(constant) => {
                let value = self.emitter.constant(*constant);
                let value = self.emitter.statics.value(value, &quote!());
                quote!(Is(#value))
            }
            Key::Text(text) => {
                let text = Value::String(text);
                let text = self.emitter.statics.value(text, &quote!());
                quote!(Is(#text))
            }
            Key::Starts(text) => {
                let text: &str = text;
                quote!(Starts(#text))
            }
            Key::Ends(text) => {
                let text: &str = text;
                quote!(Ends(#text))
            }
            Key::Segment {
                separator,
                at,
                text,
            } => {
                let text: &str = text;
                let at = Literal::u32_unsuffixed(*at);
                quote!(Segment(#separator, #at, #text))
            }
            Key::Holds { path, value } => {
                let path = path.iter().map(|name| &**name);
                let value = self.emitter.constant(*value);
                let value = self.emitter.statics.value(value, &quote!());
                quote!(Holds(&[#(#path),*], #value))
            }
            Key::Between { from, to } => {
                let end = |end: &Option<ConstantId>| {
                    let place = end.map(|end| position(self.emitter.constant(end)));
                    place.filter(|place| place.is_finite())
                };
                let from = end(from).map_or_else(
                    || quote!(::core::primitive::f64::NEG_INFINITY),
                    |from| Literal::f64_suffixed(from).into_token_stream(),
                );
                let to = end(to).map_or_else(
                    || quote!(::core::primitive::f64::INFINITY),
                    |to| Literal::f64_suffixed(to).into_token_stream(),
                );
                quote!(Between(#from, #to))
            }
        }
    }

    pub(super) fn subject(&self, subject: &Subject) -> TokenStream {
        match subject {
            Subject::Local(subject) => {
                let value = self.operand(local(*subject));
                quote!(Some(#value))
            }
            Subject::Input(path) => {
                let path = path.iter().map(|name| &**name);
                quote!(rt::Input::field(input, &[#(#path),*], arena))
            }
            Subject::Constant(constant) => {
                let value = self.operand(Operand::Constant(*constant));
                quote!(Some(#value))
            }
            Subject::Data(path) => {
                let path = path.iter().map(|name| &**name);
                quote!(cx.data.path(&[#(#path),*]))
            }
            Subject::Get(source, key) => {
                let key = self.emitter.constant(*key);
                let key = self.emitter.statics.value(key, &self.support());
                match &**source {
                    Subject::Local(source) => {
                        let source = self.operand(local(*source));
                        quote!(#source.get(#key))
                    }
                    source => {
                        let source = self.subject(source);
                        quote!(#source.and_then(|source| source.get(#key)))
                    }
                }
            }
        }
    }

    /// One arm, with the locals that only it mentions.
    fn arm(&mut self, arm: &'p Arm) -> TokenStream {
        let private = private(&arm.body, &self.mentions, self.function.params);
        let declarations: Vec<TokenStream> = private
            .iter()
            .filter(|local| self.locals.declaration(**local) == Declaration::AtTop)
            .filter_map(|local| {
                self.declaration(*local, self.function.locals[local.0 as usize].kind)
            })
            .collect();
        self.inner.extend(private);
        let stmts = self.stmts(&arm.body);
        quote!(#(#declarations)* #stmts)
    }

    /// Arms that are alike, together.
    fn shapes(&mut self, arms: &'p [Arm]) -> Vec<Shape> {
        let mut shapes: Vec<Shape> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (number, arm) in arms.iter().enumerate() {
            let outer = self.row.replace(Some(Row::new()));
            let tokens = self.arm(arm);
            let row = self.row.replace(outer).unwrap_or_default();
            let own: BTreeSet<String> = private(&arm.body, &self.mentions, self.function.params)
                .into_iter()
                .map(|local| name_of(local).to_string())
                .chain(labels(&arm.body))
                .collect();
            let body = plain(tokens, &own);
            let kinds = row.iter().map(|cell| &cell.kind);
            let key = quote!(#body #(#kinds),*).to_string();
            let at = *known.entry(key).or_insert_with(|| {
                shapes.push(Shape {
                    body,
                    rows: Vec::new(),
                });
                shapes.len() - 1
            });
            shapes[at].rows.push((number, row));
        }
        shapes
    }

    /// The Rust of arms that are alike, which takes what they differ in from row `at` of a table.
    fn table(&self, shape: Shape) -> TokenStream {
        let first: &[Cell] = shape.rows.first().map_or(&[], |(_, row)| row);
        // Columns that say the same in all rows are written where they are used, or once.
        let texts: Vec<Vec<String>> = (0..first.len())
            .map(|column| {
                let cells = shape.rows.iter().filter_map(|(_, row)| row.get(column));
                cells.map(|cell| cell.in_table.to_string()).collect()
            })
            .collect();
        let mut kept: Vec<usize> = Vec::new();
        let mut known: BTreeMap<(String, &[String]), usize> = BTreeMap::new();
        let mut uses: BTreeMap<Ident, TokenStream> = BTreeMap::new();
        for (column, cell) in first.iter().enumerate() {
            let same = !cell.keeps && texts[column].iter().all(|text| *text == texts[column][0]);
            let by = if same {
                cell.inline.clone()
            } else {
                let kind = cell.kind.to_string();
                let at = *known.entry((kind, &texts[column])).or_insert_with(|| {
                    kept.push(column);
                    kept.len() - 1
                });
                let at = Literal::usize_unsuffixed(at);
                quote!(row.#at)
            };
            uses.insert(placeholder(column), by);
        }
        let body = renamed(shape.body, &mut |ident| uses.get(ident).cloned());
        if kept.is_empty() {
            return body;
        }
        let kinds = kept.iter().map(|column| &first[*column].kind);
        let rows = shape.rows.iter().map(|(_, row)| {
            let cells = kept.iter().map(|column| &row[*column].in_table);
            quote!((#(#cells,)*))
        });
        let count = shape.rows.len();
        let name = self
            .emitter
            .statics
            .name(&quote!([(#(#kinds,)*); #count]), &quote!([#(#rows),*]));
        let support = self.support();
        quote!(let row = &#support #name[at]; #body)
    }
}

/// The names of the labels of blocks and loops in an arm.
fn labels(stmts: &[Stmt]) -> Vec<String> {
    let mut labels = Vec::new();
    walk(stmts, &mut |stmt| {
        if let StmtKind::Block { label, .. } | StmtKind::Scan { label, .. } = stmt.kind {
            labels.push(Body::block_label(label).ident.to_string());
        }
    });
    labels
}

/// The Rust of an arm with locals and labels of its own numbered as they appear.
fn plain(tokens: TokenStream, own: &BTreeSet<String>) -> TokenStream {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    renamed(tokens, &mut |ident| {
        let text = ident.to_string();
        if !own.contains(&text) {
            return None;
        }
        let next = numbers.len();
        let number = *numbers.entry(text).or_insert(next);
        let name = format_ident!("own{number}");
        Some(quote!(#name))
    })
}
