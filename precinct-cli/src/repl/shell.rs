//! Lines from a terminal, with history and completion, or from a file.

use std::cell::RefCell;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};

use super::commands::Done;
use super::session::Session;

/// Completes names of rules and commands.
struct Names(Rc<RefCell<Session>>);

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..position).unwrap_or(line);
        let word = |c: char| !(c.is_alphanumeric() || "_.-".contains(c));
        let start = before
            .char_indices()
            .rev()
            .find(|(_, c)| word(*c))
            .map_or(0, |(at, c)| at + c.len_utf8());
        Ok((start, self.0.borrow().completions(&before[start..])))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Validator for Names {}

impl Helper for Names {}

/// Reads and answers until the input ends.
///
/// # Errors
/// What the terminal or the standard input refused.
pub fn run(session: Session, history: Option<&Path>, banner: Option<&str>) -> Result<(), String> {
    if let Some(banner) = banner {
        print(&format!("{banner}\n\n"));
    }
    let session = Rc::new(RefCell::new(session));
    let mut lines = Lines::default();
    if !std::io::stdin().is_terminal() {
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|error| error.to_string())?;
            if !lines.take(&line, &session) {
                break;
            }
        }
        return Ok(());
    }
    let failed = |error: ReadlineError| error.to_string();
    let mut editor: Editor<Names, DefaultHistory> = Editor::new().map_err(failed)?;
    editor.set_helper(Some(Names(Rc::clone(&session))));
    if let Some(path) = history {
        // The first session has no history yet.
        let _ = editor.load_history(path);
    }
    loop {
        let prompt = if lines.buffer.is_empty() { "> " } else { "| " };
        match editor.readline(prompt) {
            Ok(line) => {
                let _ = editor.add_history_entry(line.as_str());
                if !lines.take(&line, &session) {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => {
                if lines.buffer.is_empty() {
                    print("Do you want to exit ([y]/n)? ");
                    let mut answer = String::new();
                    let read = std::io::stdin().lock().read_line(&mut answer);
                    if read.is_err() || !answer.trim_start().starts_with(['n', 'N']) {
                        break;
                    }
                }
                lines.buffer.clear();
            }
            Err(ReadlineError::Eof) => {
                print("\n");
                break;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(path) = history
        && let Err(error) = editor.save_history(path)
    {
        eprintln!("warning: failed to save REPL history: {error}");
    }
    Ok(())
}

/// Lines that do not make a statement yet.
#[derive(Default)]
struct Lines {
    buffer: Vec<String>,
}

impl Lines {
    /// Runs a command, a statement, or keeps the line for later. `false` ends the shell.
    fn take(&mut self, line: &str, session: &Rc<RefCell<Session>>) -> bool {
        let mut session = session.borrow_mut();
        if self.buffer.is_empty()
            && let Some(done) = session.command(line)
        {
            match done {
                Ok(Done::Exit) => return false,
                Ok(Done::Text(text)) => print(&text),
                Err(error) => print(&format!("{error}\n")),
            }
            return true;
        }
        let ends = line.trim().is_empty();
        if !ends {
            self.buffer.push(line.to_owned());
        }
        let text = self.buffer.join("\n");
        if text.trim().is_empty() {
            self.buffer.clear();
            return true;
        }
        // An empty line ends a statement of several lines, complete or not.
        if !ends && !session.is_complete(&text) {
            return true;
        }
        self.buffer.clear();
        match session.run(&text) {
            Ok(text) => print(&text),
            Err(error) => print(&format!("{error}\n")),
        }
        true
    }
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that is gone has seen enough.
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
