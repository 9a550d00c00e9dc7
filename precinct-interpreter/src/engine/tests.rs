#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use precinct_rego::ast::Span;
use precinct_rego::ir::{
    self, CallTarget, CallTargetName, Case, Comparison, Conflict, Constant, ConstantId, Function,
    FunctionId, FunctionKind, Label, Local, LocalInfo, LocalKind, MaskId, MemoSlot, MockId,
    Operand, Patch, Program, Replacement, RuleId, RuleInfo, Stmt, StmtKind, Test, verify,
};
use precinct_runtime::context::Bounds;
use precinct_runtime::{Arena, Document};

use super::*;

fn body(stmts: Vec<StmtKind>) -> Vec<Stmt> {
    stmts
        .into_iter()
        .map(|kind| Stmt {
            span: Span::default(),
            kind,
        })
        .collect()
}

fn function(name: &str, params: u32, locals: &[LocalKind], stmts: Vec<StmtKind>) -> Function {
    Function {
        name: name.into(),
        kind: FunctionKind::Part,
        params,
        locals: locals
            .iter()
            .map(|kind| LocalInfo {
                kind: *kind,
                name: None,
            })
            .collect(),
        body: body(stmts),
        memo: None,
        span: Span::default(),
    }
}

fn program(functions: Vec<Function>, constants: &[Constant], builtins: &[&str]) -> Program {
    let program = Program {
        functions,
        constants: constants.to_vec(),
        builtins: builtins
            .iter()
            .map(|name| ir::Builtin {
                name: (*name).into(),
                arity: 2,
                nondeterministic: false,
            })
            .collect(),
        masks: vec![vec!["m".into()]],
        mocks: vec![CallTargetName("plus".into())],
        rules: vec![RuleInfo {
            path: "data.r".into(),
            span: Span::default(),
        }],
        memo_slots: 4,
        entrypoints: BTreeMap::from([("main".to_owned(), FunctionId(0))]),
        ..Program::default()
    };
    assert_eq!(verify(&program), Vec::<String>::new());
    program
}

fn num(n: i64) -> Constant {
    Constant::Number(n.to_string().into())
}

const fn l(local: u32) -> Operand {
    Operand::Local(Local(local))
}

const fn k(constant: u32) -> Operand {
    Operand::Constant(ConstantId(constant))
}

fn evaluate(program: &Program, input: &str, data: &str) -> String {
    let engine = Engine::new(program, Options::default()).unwrap();
    let arena = Arena::new();
    let input = Document::from_json(input.as_bytes()).unwrap();
    let data = Document::from_json(data.as_bytes()).unwrap();
    let mut context = engine
        .context(&arena)
        .with_input(Some(input.value()))
        .with_data(data.value());
    let answer = engine.evaluate(engine.entrypoint("main").unwrap(), &mut context);
    match answer {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// `{x * 2 | some x in input.xs; x > 1}` and a count of the loop's turns in an outer local.
#[test]
fn loops_leave_to_their_next_turn() {
    let program = program(
        vec![function(
            "main",
            0,
            &[
                LocalKind::Value,
                LocalKind::Value,
                LocalKind::SetBuilder,
                LocalKind::Value,
            ],
            vec![StmtKind::Block {
                label: Label(0),
                body: body(vec![
                    StmtKind::Input {
                        target: Local(0),
                        path: vec!["xs".into()],
                        otherwise: Label(0),
                    },
                    StmtKind::Begin { builder: Local(2) },
                    StmtKind::Scan {
                        label: Label(1),
                        source: l(0),
                        key: None,
                        value: Some(Local(1)),
                        join: None,
                        body: body(vec![
                            StmtKind::Test {
                                test: Test::Compare {
                                    comparison: Comparison::Greater,
                                    left: l(1),
                                    right: k(0),
                                },
                                otherwise: Label(1),
                            },
                            StmtKind::Call {
                                target: Local(3),
                                function: CallTarget::Builtin(ir::BuiltinId(0)),
                                args: vec![l(1), k(1)],
                                otherwise: Label(1),
                            },
                            StmtKind::Push {
                                builder: Local(2),
                                value: l(3),
                            },
                        ]),
                    },
                    StmtKind::Finish {
                        target: Local(1),
                        builder: Local(2),
                    },
                    StmtKind::Return { value: l(1) },
                ]),
            }],
        )],
        &[num(1), num(2)],
        &["mul"],
    );
    assert_eq!(
        evaluate(&program, r#"{"xs": [3, 1, 2, "a", 3.0]}"#, "{}"),
        "{4, 6}"
    );
    assert_eq!(evaluate(&program, r#"{"xs": {"a": 5}}"#, "{}"), "{10}");
    assert_eq!(evaluate(&program, r#"{"xs": 7}"#, "{}"), "set()");
    assert_eq!(evaluate(&program, "{}", "{}"), "undefined");
}

#[test]
fn switches_find_the_case_by_worth() {
    let case = |constant, answer| Case {
        constant: ConstantId(constant),
        body: body(vec![StmtKind::Return { value: k(answer) }]),
    };
    let program = program(
        vec![function(
            "main",
            0,
            &[LocalKind::Value],
            vec![StmtKind::Block {
                label: Label(0),
                body: body(vec![
                    StmtKind::Input {
                        target: Local(0),
                        path: vec![],
                        otherwise: Label(0),
                    },
                    StmtKind::Switch {
                        on: l(0),
                        cases: vec![case(0, 2), case(1, 3)],
                        default: body(vec![StmtKind::Break { label: Label(0) }]),
                    },
                ]),
            }],
        )],
        &[num(1), Constant::String("a".into()), num(10), num(20)],
        &[],
    );
    for (input, answer) in [
        ("1", "10"),
        ("1.0", "10"),
        ("\"a\"", "20"),
        ("2", "undefined"),
    ] {
        assert_eq!(evaluate(&program, input, "{}"), answer);
    }
}

/// A rule (memoised) reads `data.m`, seen under a `with` from which control leaves in three ways.
#[test]
fn replacements_end_however_control_leaves() {
    let mut rule = function(
        "data.r",
        0,
        &[LocalKind::Value],
        vec![
            StmtKind::Enter { rule: RuleId(0) },
            StmtKind::Block {
                label: Label(0),
                body: body(vec![
                    StmtKind::Data {
                        target: Local(0),
                        path: vec!["m".into(), "x".into()],
                        otherwise: Label(0),
                    },
                    StmtKind::Return { value: l(0) },
                ]),
            },
        ],
    );
    rule.memo = Some(MemoSlot(0));
    let call = |target| StmtKind::Call {
        target: Local(target),
        function: CallTarget::Function(FunctionId(1)),
        args: vec![],
        otherwise: Label(9),
    };
    let program = program(
        vec![
            function(
                "main",
                0,
                &[
                    LocalKind::Value,
                    LocalKind::Value,
                    LocalKind::Value,
                    LocalKind::Value,
                ],
                vec![StmtKind::Block {
                    label: Label(9),
                    body: body(vec![
                        call(0),
                        StmtKind::Assign {
                            target: Local(1),
                            source: k(0),
                        },
                        StmtKind::Block {
                            label: Label(1),
                            body: body(vec![StmtKind::With {
                                patches: vec![
                                    Patch::Data {
                                        path: vec!["m".into(), "x".into()],
                                        value: k(1),
                                        mask: MaskId(0),
                                    },
                                    Patch::Input {
                                        path: vec!["a".into(), "b".into()],
                                        value: k(1),
                                    },
                                ],
                                body: body(vec![
                                    call(1),
                                    StmtKind::Test {
                                        test: Test::Unmasked(vec![MaskId(0)]),
                                        otherwise: Label(1),
                                    },
                                ]),
                            }]),
                        },
                        call(2),
                        StmtKind::Input {
                            target: Local(3),
                            path: vec![],
                            otherwise: Label(9),
                        },
                        StmtKind::Test {
                            test: Test::Unmasked(vec![MaskId(0)]),
                            otherwise: Label(9),
                        },
                        StmtKind::Array {
                            target: Local(0),
                            items: vec![l(0), l(1), l(2), l(3)],
                        },
                        StmtKind::Return { value: l(0) },
                    ]),
                }],
            ),
            rule,
        ],
        &[num(0), num(2)],
        &[],
    );
    assert_eq!(
        evaluate(&program, r#"{"a": 1}"#, r#"{"m": {"x": 1, "y": 3}}"#),
        r#"[1, 2, 1, {"a": 1}]"#
    );
}

/// `g` replaces `plus`; inside of `g`, `plus` is itself again.
#[test]
fn replacements_of_functions_do_not_hold_inside_the_replacement() {
    let plus = |target, args: [Operand; 2], exit| {
        vec![
            StmtKind::Block {
                label: Label(exit + 1),
                body: body(vec![
                    StmtKind::Test {
                        test: Test::Mocked(MockId(0)),
                        otherwise: Label(exit + 1),
                    },
                    StmtKind::CallReplacement {
                        target: Local(target),
                        mock: MockId(0),
                        candidates: vec![CallTarget::Function(FunctionId(1))],
                        args: args.to_vec(),
                        otherwise: Label(exit),
                    },
                    StmtKind::Return { value: l(target) },
                ]),
            },
            StmtKind::Call {
                target: Local(target),
                function: CallTarget::Builtin(ir::BuiltinId(0)),
                args: args.to_vec(),
                otherwise: Label(exit),
            },
            StmtKind::Return { value: l(target) },
        ]
    };
    let program = program(
        vec![
            function(
                "main",
                0,
                &[LocalKind::Value],
                vec![StmtKind::Block {
                    label: Label(0),
                    body: body(vec![StmtKind::With {
                        patches: vec![Patch::Function {
                            mock: MockId(0),
                            by: Replacement::Call(CallTarget::Function(FunctionId(1))),
                        }],
                        body: body(plus(0, [k(0), k(0)], 0)),
                    }]),
                }],
            ),
            function(
                "data.g",
                2,
                &[LocalKind::Value, LocalKind::Value, LocalKind::Value],
                vec![StmtKind::Block {
                    label: Label(0),
                    body: body(plus(2, [l(0), k(1)], 0)),
                }],
            ),
        ],
        &[num(1), num(100)],
        &["plus"],
    );
    assert_eq!(evaluate(&program, "{}", "{}"), "101");
}

#[test]
fn two_values_of_a_rule_are_a_conflict() {
    let once = |source| StmtKind::AssignOnce {
        target: Local(0),
        source,
        conflict: Conflict::CompleteRule,
    };
    let program = program(
        vec![function(
            "main",
            0,
            &[LocalKind::Optional],
            vec![once(k(0)), once(k(0)), once(k(1))],
        )],
        &[num(1), num(2)],
        &[],
    );
    assert_eq!(
        evaluate(&program, "{}", "{}"),
        "eval_conflict_error: rule main produced conflicting values:\n  1 at <unknown>\n  2 at <unknown>"
    );
}

/// A chain of functions, each calling the next: deeper than a thread's stack would bear.
#[test]
fn deep_calls_end_with_an_error_and_leave_the_context_usable() {
    let depth = 5_000;
    let functions = (0..depth)
        .map(|at| {
            let mut stmts = vec![StmtKind::Return { value: k(0) }];
            if at + 1 < depth {
                stmts = vec![StmtKind::Block {
                    label: Label(0),
                    body: body(vec![
                        StmtKind::Call {
                            target: Local(0),
                            function: CallTarget::Function(FunctionId(at + 1)),
                            args: vec![],
                            otherwise: Label(0),
                        },
                        StmtKind::Return { value: l(0) },
                    ]),
                }];
            }
            function("f", 0, &[LocalKind::Value], stmts)
        })
        .collect();
    let program = program(functions, &[num(1)], &[]);
    let engine = Engine::new(&program, Options::default()).unwrap();
    let arena = Arena::new();
    let mut context = engine.context(&arena);
    let error = engine.evaluate(FunctionId(0), &mut context).unwrap_err();
    assert_eq!(error.message, "evaluation nests more than 2000 calls");
    assert_eq!(
        engine.evaluate(FunctionId(4_000), &mut context),
        Ok(Some(Value::int(1)))
    );
    let mut context = engine.context(&arena).with_bounds(Bounds {
        depth: 10_000,
        ..Bounds::default()
    });
    assert_eq!(
        engine.evaluate(FunctionId(0), &mut context),
        Ok(Some(Value::int(1)))
    );
}

#[test]
fn loops_burn_fuel() {
    let program = program(
        vec![function(
            "main",
            0,
            &[LocalKind::Value],
            vec![StmtKind::Scan {
                label: Label(0),
                source: k(0),
                key: None,
                value: None,
                join: None,
                body: body(vec![StmtKind::Scan {
                    label: Label(1),
                    source: k(0),
                    key: None,
                    value: None,
                    join: None,
                    body: vec![],
                }]),
            }],
        )],
        &[Constant::Array(vec![Constant::Null; 100])],
        &[],
    );
    let engine = Engine::new(&program, Options::default()).unwrap();
    let arena = Arena::new();
    let run = |fuel| {
        let bounds = Bounds {
            fuel: Some(fuel),
            ..Bounds::default()
        };
        let mut context = engine.context(&arena).with_bounds(bounds);
        engine.evaluate(FunctionId(0), &mut context)
    };
    assert_eq!(run(10_100), Ok(None));
    assert_eq!(run(10_099), Err(EvalError::out_of_fuel(10_099)));
}
