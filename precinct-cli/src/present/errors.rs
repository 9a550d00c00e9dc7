//! Errors as text and as JSON.

use super::json::Json;

/// A step of a trace: file (empty for a query), row, column, the expression's text.
pub type Frame = (String, u32, u32, String);

/// One error of any stage, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// OPA's code; empty for errors of the system.
    pub code: String,
    /// OPA's message.
    pub message: String,
    /// File (empty for a query), row and column.
    pub location: Option<(String, u32, u32)>,
    /// Lines below the message.
    pub lines: Vec<String>,
    /// The member `details` in JSON.
    pub details: Option<Json>,
    /// Where the evaluation was, innermost first: file, row, column and the expression's text.
    pub trace: Vec<Frame>,
    /// The error drawn into its line, with help; empty where there is no line.
    pub picture: String,
    /// The text at the place, in base64, where it was asked for.
    pub source: Option<String>,
    /// The numbers of the bodies that those stand in.
    pub bodies: Vec<u32>,
}

impl Shown {
    /// An error of the system: nothing but a message.
    pub fn message(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// As OPA prints it: place, code, message, details and trace.
    pub fn text(&self) -> String {
        let mut text = headline(self);
        for line in &self.lines {
            text.push_str("\n\t");
            text.push_str(line);
        }
        if !self.trace.is_empty() {
            text.push_str("\n\nTraceback:");
            for one in &self.trace {
                text.push_str("\n  ");
                text.push_str(&frame(one));
            }
        }
        text
    }

    /// The error as an object.
    pub fn json(&self) -> Json {
        let code = (!self.code.is_empty()).then(|| Json::from(self.code.as_str()));
        let location = self.location.as_ref();
        let last = self.trace.len().saturating_sub(1);
        let frames = self
            .trace
            .iter()
            .enumerate()
            .map(|(number, (file, row, col, _))| {
                let counted = u64::try_from(last - number).unwrap_or_default();
                let id = self.bodies.get(number).map_or(counted, |id| u64::from(*id));
                Json::object([
                    ("query_id", Some(id.into())),
                    ("location", Some(place(file, *row, *col))),
                ])
            });
        Json::object([
            ("message", Some(Json::from(self.message.as_str()))),
            ("code", code),
            (
                "location",
                location.map(|(file, row, col)| {
                    let mut place = place(file, *row, *col);
                    if let (Json::Object(members), Some(text)) = (&mut place, &self.source) {
                        members.push(("text".to_owned(), Json::from(text.as_str())));
                    }
                    place
                }),
            ),
            ("details", self.details.clone()),
            (
                "stack_trace",
                (!self.trace.is_empty()).then(|| Json::Array(frames.collect())),
            ),
        ])
    }
}

fn place(file: &str, row: u32, col: u32) -> Json {
    Json::object([
        ("file", Some(file.into())),
        ("row", Some(row.into())),
        ("col", Some(col.into())),
    ])
}

/// Place, code and message on one line.
pub fn headline(error: &Shown) -> String {
    let Shown { code, message, .. } = error;
    match &error.location {
        _ if code.is_empty() => message.clone(),
        Some((file, _, _)) if file.is_empty() && !error.trace.is_empty() => {
            format!("{}: {code}: {message}", error.trace[0].3)
        }
        Some((file, row, _)) if !file.is_empty() => format!("{file}:{row}: {code}: {message}"),
        Some((_, row, col)) => format!("{row}:{col}: {code}: {message}"),
        None => format!("{code}: {message}"),
    }
}

/// A step of a trace: place and expression.
pub fn frame((file, row, col, expression): &Frame) -> String {
    if file.is_empty() {
        format!("{row}:{col}: {expression}")
    } else {
        format!("{file}:{row}: {expression}")
    }
}

/// `1 error occurred: …` or `2 errors occurred:` and a line for each.
pub fn text(errors: &[Shown]) -> String {
    match errors {
        [one] => format!("1 error occurred: {}", one.text()),
        many => {
            let lines: Vec<String> = many.iter().map(Shown::text).collect();
            format!("{} errors occurred:\n{}", many.len(), lines.join("\n"))
        }
    }
}

/// Each error drawn into its line, with help where there is some.
pub fn pictures(errors: &[Shown]) -> String {
    let pictures: Vec<String> = errors
        .iter()
        .map(|error| match error.picture.as_str() {
            "" => format!("error: {}", error.text()),
            picture => picture.to_owned(),
        })
        .collect();
    pictures.join("\n\n")
}

/// `{"errors": […]}`
pub fn json(errors: &[Shown]) -> Json {
    Json::object([(
        "errors",
        Some(Json::Array(errors.iter().map(Shown::json).collect())),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_stands_on_the_line_of_its_heading() {
        let error = Shown {
            code: "rego_unsafe_var_error".into(),
            message: "var x is unsafe".into(),
            location: Some(("p.rego".into(), 3, 1)),
            ..Shown::default()
        };
        assert_eq!(
            text(std::slice::from_ref(&error)),
            "1 error occurred: p.rego:3: rego_unsafe_var_error: var x is unsafe"
        );
        assert_eq!(
            text(&[error.clone(), error]),
            "2 errors occurred:\np.rego:3: rego_unsafe_var_error: var x is unsafe\np.rego:3: rego_unsafe_var_error: var x is unsafe"
        );
    }
}
