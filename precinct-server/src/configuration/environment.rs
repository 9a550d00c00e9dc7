//! `${NAME}` in the text of a configuration.

/// The text with the values of environment variables; names of variables that are not set stay as they are.
#[must_use]
pub fn substituted(text: &str) -> String {
    with(text, |name| std::env::var(name).ok())
}

fn with(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) => {
                match value(name) {
                    Some(value) => out.push_str(&value),
                    None => {
                        out.push_str("${");
                        out.push_str(name);
                        out.push('}');
                    }
                }
                rest = behind;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_variables_are_put_in_and_others_left() {
        let value = |name: &str| (name == "A").then(|| "1".to_owned());
        assert_eq!(with("x ${A}${B} ${A", value), "x 1${B} ${A");
    }
}
