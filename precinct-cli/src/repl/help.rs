//! What `help` prints.

/// The commands: how they are written, what they do.
pub const COMMANDS: [(&str, &str); 25] = [
    ("<stmt>", "evaluate the statement"),
    ("package <term>", "change active package"),
    ("import <term>", "add import to active module"),
    ("show ", "show active module definition"),
    ("show debug ", "show REPL settings"),
    ("unset <ref>", "unset rules in currently active module"),
    (
        "unset-package <var>",
        "unset packages in currently active module",
    ),
    ("json", "set output format to JSON"),
    ("pretty", "set output format to pretty"),
    ("pretty-limit", "set pretty value output limit"),
    ("trace [mode]", "toggle full trace or specific mode"),
    ("notes", "toggle notes trace"),
    ("fails", "toggle fails trace"),
    ("metrics", "toggle metrics"),
    ("instrument", "toggle instrumentation"),
    ("profile", "toggle profiler and turns off trace"),
    ("types", "toggle type information"),
    (
        "unknown [ref-1 [ref-2 [...]]]",
        "toggle partial evaluation mode",
    ),
    ("strict-builtin-errors", "toggle strict built-in error mode"),
    ("traceback", "toggle evaluation stack traces on errors"),
    ("dump [path]", "dump raw data in storage"),
    ("help [topic]", "print this message"),
    (
        "target [mode]",
        "set the runtime to exercise {rego} (default rego)",
    ),
    ("exit", "exit out of shell (or ctrl+d)"),
    ("ctrl+l", "clear the screen"),
];

const EXAMPLES: [(&str, &str); 3] = [
    ("data", "show all documents"),
    ("data[x] = _", "show all top level keys"),
    ("data.system.version", "drill into specific document"),
];

const TOPICS: [(&str, &str); 2] = [
    ("help input", "how to set input document"),
    ("help partial", "how to use partial evaluation"),
];

const INPUT: &str = "
Input
=====

Queries and rules read the input document as `input`. In this shell it is the
document data.repl.input, so define a rule of that name:

\t> package repl
\t> input := {\"method\": \"POST\"}
\t> input.method
\t\"POST\"

When files are given to `run`, repl.input:request.json loads one as input.

";

const PARTIAL: &str = "
Partial Evaluation
==================

With `unknown`, documents can be left open: a query is then evaluated as far as
the rest decides it, and what remains is shown.

\t> allowed := {\"GET\", \"HEAD\"}
\t> unknown input
\t> allowed[input.method]

`unknown` without arguments makes everything known again.

";

/// Everything, or one topic.
///
/// # Errors
/// When there is no such topic.
pub fn text(topic: Option<&str>) -> Result<String, String> {
    match topic {
        Some("input") => return Ok(INPUT.to_owned()),
        Some("partial") => return Ok(PARTIAL.to_owned()),
        Some(other) => return Err(format!("unknown topic '{other}'")),
        None => {}
    }
    let mut text = "\n".to_owned();
    section("Examples", &mut text);
    let width = EXAMPLES.iter().map(|(example, _)| example.len()).max();
    for (example, comment) in EXAMPLES {
        let width = width.unwrap_or(0) + 1;
        text += &format!("> {example:width$} # {comment}\n");
    }
    text.push('\n');
    let names = COMMANDS.iter().chain(&TOPICS).map(|(name, _)| name.len());
    let width = names.max().unwrap_or(0);
    section("Commands", &mut text);
    list(&COMMANDS, width, &mut text);
    section("Additional Topics", &mut text);
    list(&TOPICS, width, &mut text);
    Ok(text)
}

fn section(title: &str, text: &mut String) {
    *text += &format!("{title}\n{}\n\n", "=".repeat(title.len()));
}

fn list(entries: &[(&str, &str)], width: usize, text: &mut String) {
    for (name, comment) in entries {
        *text += &format!("{name:>width$} : {comment}\n");
    }
    text.push('\n');
}
