//! The candidates of a server, and who asks them.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;

use arc_swap::ArcSwapOption;
use serde_json::{Map, json};

use super::queue::{Entrance, Exit, queue};
use super::{Comparison, Question};
use crate::app::App;
use crate::evaluation::ask::reference;
use crate::evaluation::scratch::with_arena;
use crate::log::Level;
use crate::state::Snapshot;
use crate::state::activation::{ActivationError, Candidate};
use crate::state::{Policies, trial};

/// The candidates of a server; there are none at first.
#[derive(Default)]
pub struct Shadow {
    tried: ArcSwapOption<Tried>,
    changing: Mutex<()>,
    entrance: OnceLock<Entrance>,
}

/// Candidates, and the policies of the state with all of them in it.
struct Tried {
    candidates: Vec<Candidate>,
    policies: Arc<Policies>,
}

/// The state that was made last, for the questions that were answered by the same one.
struct Made {
    tried: Arc<Tried>,
    /// What it was made from; it is not kept alive by what compares with it.
    from: Weak<Snapshot>,
    state: Option<Arc<Snapshot>>,
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow").finish_non_exhaustive()
    }
}

impl Shadow {
    /// Whether there is a candidate.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.tried.load().is_some()
    }

    /// Tries a candidate out from now on, in the place of an earlier one of its name, and beside those of other names.
    ///
    /// # Errors
    /// Why it can't be active; nothing changes then.
    pub fn try_out(&self, app: &Arc<App>, candidate: Candidate) -> Result<(), ActivationError> {
        // The candidates are exchanged in the last step, so one who panicked has changed nothing.
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.tried.load_full();
        let mut candidates: Vec<Candidate> = before
            .iter()
            .flat_map(|tried| &tried.candidates)
            .filter(|other| other.name != candidate.name)
            .cloned()
            .collect();
        candidates.push(candidate);
        let state = trial::beside(&app.store.snapshot(), &candidates, None)?;
        self.tried.store(Some(Arc::new(Tried {
            candidates,
            policies: state.policies,
        })));
        self.entrance.get_or_init(|| {
            let (entrance, exit) = queue();
            let app = Arc::downgrade(app);
            thread::spawn(move || run(&app, &exit));
            entrance
        });
        Ok(())
    }

    /// Ends the trial of a candidate; if the others can't be without it, theirs as well.
    pub fn forget(&self, app: &App, name: &str) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.tried.load_full();
        let candidates: Vec<Candidate> = before
            .iter()
            .flat_map(|tried| &tried.candidates)
            .filter(|other| &*other.name != name)
            .cloned()
            .collect();
        let next = (!candidates.is_empty())
            .then(|| trial::beside(&app.store.snapshot(), &candidates, None))
            .and_then(Result::ok);
        self.tried.store(next.map(|state| {
            Arc::new(Tried {
                candidates,
                policies: state.policies,
            })
        }));
    }

    /// Hands a question on to the candidates, if there are any, without waiting for them.
    pub fn offer(&self, app: &App, question: impl FnOnce() -> Question) {
        if !self.is_on() {
            return;
        }
        let is_taken = match self.entrance.get() {
            Some(entrance) => entrance.put(question()),
            // The thread is about to be there.
            None => false,
        };
        if !is_taken {
            app.registry.shadowed(Comparison::Dropped);
        }
    }
}

/// Asks the candidates until the server ends.
fn run(app: &Weak<App>, exit: &Exit) {
    let mut made: Option<Made> = None;
    while let Some(question) = exit.take() {
        let Some(app) = app.upgrade() else { return };
        let Some(tried) = app.shadow.tried.load_full() else {
            continue;
        };
        let state = state(&tried, &question.snapshot, &mut made, &app);
        let Some(state) = state.filter(|state| !state.policies.has_effects()) else {
            app.registry.shadowed(Comparison::Skipped);
            continue;
        };
        let answer = with_arena(|arena| question.ask(&state, &app, arena));
        let comparison = Comparison::between(&question.answer, &answer);
        app.registry.shadowed(comparison);
        if comparison == Comparison::Same {
            continue;
        }
        let mut members = Map::new();
        members.insert("path".to_owned(), json!(reference(&question.keys)));
        members.insert("req_id".to_owned(), json!(question.request));
        members.insert("outcome".to_owned(), json!(comparison.name()));
        if let Some(id) = &question.id {
            members.insert("decision_id".to_owned(), json!(id));
        }
        // As bodies of requests: what policies answer may be confidential.
        if app.logger.takes(Level::Debug) {
            members.insert("active".to_owned(), question.answer.shown());
            members.insert("candidate".to_owned(), answer.shown());
        }
        let message = "A candidate decides otherwise.";
        app.logger.write(Level::Warn, message, members);
    }
}

/// The state that candidates make of the one that answered. It is made once for each.
fn state(
    tried: &Arc<Tried>,
    answered: &Arc<Snapshot>,
    made: &mut Option<Made>,
    app: &App,
) -> Option<Arc<Snapshot>> {
    if let Some(made) = made
        && Arc::ptr_eq(&made.tried, tried)
        && made.from.as_ptr() == Arc::as_ptr(answered)
    {
        return made.state.clone();
    }
    let known = made
        .take()
        .filter(|made| Arc::ptr_eq(&made.tried, tried))
        .and_then(|made| made.state);
    let policies = known.map_or_else(
        || Arc::clone(&tried.policies),
        |it| Arc::clone(&it.policies),
    );
    let state = match trial::beside(answered, &tried.candidates, Some(&policies)) {
        Ok(state) => Some(Arc::new(state)),
        Err(error) => {
            let message = "The candidates do not go with the active state.";
            app.logger.error(message, &error.to_string());
            None
        }
    };
    *made = Some(Made {
        tried: Arc::clone(tried),
        from: Arc::downgrade(answered),
        state: state.clone(),
    });
    state
}
