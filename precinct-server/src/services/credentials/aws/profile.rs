//! Keys in a file with a section for each profile, which is read for each request.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use super::Keys;
use super::sources::setting;
use crate::configuration::credentials::aws::Profile;
use crate::services::Surroundings;

/// The keys of a profile.
///
/// # Errors
/// When the file does not hold them.
pub fn keys(profile: &Profile, surroundings: &Surroundings) -> Result<Keys, String> {
    let path = path(profile, surroundings)?;
    let name = setting(&profile.profile, surroundings, "AWS_PROFILE");
    let name = name.unwrap_or_else(|_| "default".to_owned());
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("failed to read credentials file: {path}: {error}"))?;
    let section = section(&text, &name)
        .ok_or_else(|| format!("failed to get profile: {path}: expected [{name}], found none"))?;
    let needed = |key: &str| {
        value(&section, key).map(str::to_owned).ok_or_else(|| {
            format!("profile {name:?} in credentials file {path} does not contain {key:?}")
        })
    };
    Ok(Keys {
        access_key: needed("aws_access_key_id")?,
        secret_key: needed("aws_secret_access_key")?,
        session_token: value(&section, "aws_session_token")
            .unwrap_or_default()
            .to_owned(),
        region: setting(&profile.aws_region, surroundings, "AWS_REGION")?,
    })
}

fn path(profile: &Profile, surroundings: &Surroundings) -> Result<String, String> {
    setting(&profile.path, surroundings, "AWS_SHARED_CREDENTIALS_FILE")
        .or_else(|_| Ok(format!("{}/.aws/credentials", surroundings.home()?)))
}

/// The names and values of a section.
pub fn section<'t>(text: &'t str, name: &str) -> Option<Vec<(&'t str, &'t str)>> {
    let mut found = None;
    let mut is_within = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            is_within = header.trim() == name;
            if is_within && found.is_none() {
                found = Some(Vec::new());
            }
        } else if is_within
            && let Some(found) = found.as_mut()
            && let Some((key, value)) = line.split_once(['=', ':'])
        {
            found.push((key.trim(), plain(value.trim())));
        }
    }
    found
}

/// The last value of a name that is not empty.
pub fn value<'t>(section: &[(&'t str, &'t str)], key: &str) -> Option<&'t str> {
    let mut found = section.iter().rev();
    let (_, value) = found.find(|(name, _)| *name == key)?;
    Some(*value).filter(|value| !value.is_empty())
}

/// A value without its quotation marks and what is said about it.
fn plain(value: &str) -> &str {
    for mark in ['"', '\''] {
        let quoted = value
            .strip_prefix(mark)
            .and_then(|rest| rest.strip_suffix(mark));
        if let Some(quoted) = quoted {
            return quoted;
        }
    }
    let said = [" #", " ;", "\t#", "\t;"];
    let end = said.into_iter().filter_map(|said| value.find(said)).min();
    value
        .get(..end.unwrap_or(value.len()))
        .unwrap_or(value)
        .trim_end()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sections_are_told_apart() {
        let text = "\
            stray = 1\n\
            [default]\n\
            a = 1 # the first\n\
            # b = 2\n\
            [ work ]\n\
            a=x=y/z+#\n\
            b : \"quoted # text\"\n\
            ; c = 3\n\
            [default]\n\
            c = 4\n";
        assert_eq!(section(text, "default").unwrap(), [("a", "1"), ("c", "4")]);
        let work = [("a", "x=y/z+#"), ("b", "quoted # text")];
        assert_eq!(section(text, "work").unwrap(), work);
        assert_eq!(section(text, "other"), None);
    }
}
