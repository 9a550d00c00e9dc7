//! Addresses of schemas: parts of a URI (RFC 3986), and how one is resolved against another.

use std::fmt;

/// An address: `scheme://authority/path?query#fragment`, every part of it optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) scheme: String,
    pub(super) authority: Option<String>,
    path: String,
    query: Option<String>,
    /// As written; empty if there is none.
    fragment: String,
}

impl Reference {
    pub(super) fn parse(text: &str) -> Self {
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, after)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), after),
            _ => (String::new(), rest),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at(end);
                (Some(authority.to_owned()), path)
            }
            None => (None, rest),
        };
        Self {
            scheme,
            authority,
            path: path.to_owned(),
            query,
            fragment: fragment.to_owned(),
        }
    }

    /// The address that `child` stands for where this one is the base.
    pub(super) fn resolve(&self, child: &Self) -> Self {
        let mut resolved = child.clone();
        if !child.scheme.is_empty() {
            resolved.path = without_dots(&child.path);
            return resolved;
        }
        resolved.scheme.clone_from(&self.scheme);
        if child.authority.is_some() {
            resolved.path = without_dots(&child.path);
            return resolved;
        }
        resolved.authority.clone_from(&self.authority);
        if child.path.is_empty() {
            resolved.path.clone_from(&self.path);
            if child.query.is_none() {
                resolved.query.clone_from(&self.query);
            }
        } else if child.path.starts_with('/') {
            resolved.path = without_dots(&child.path);
        } else {
            let folder = self.path.rfind('/').map_or("", |at| &self.path[..=at]);
            let folder = if folder.is_empty() && self.authority.is_some() {
                "/"
            } else {
                folder
            };
            resolved.path = without_dots(&format!("{folder}{}", child.path));
        }
        resolved
    }

    /// The address of the whole document.
    pub(super) fn document(&self) -> Self {
        Self {
            fragment: String::new(),
            ..self.clone()
        }
    }

    /// Whether the address says on its own where the document is.
    pub(super) fn is_complete(&self) -> bool {
        if self.scheme == "file" {
            self.path.starts_with('/')
        } else {
            !self.scheme.is_empty() && self.authority.as_ref().is_some_and(|it| !it.is_empty())
        }
    }

    /// The host, without user and port.
    pub(super) fn host(&self) -> &str {
        let authority = self.authority.as_deref().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
        if let Some(inner) = host.strip_prefix('[') {
            return inner.split_once(']').map_or(inner, |(it, _)| it);
        }
        host.split_once(':').map_or(host, |(it, _)| it)
    }

    /// The steps of the JSON Pointer (RFC 6901) in the fragment; none if the fragment is no pointer.
    pub(super) fn pointer(&self) -> Vec<String> {
        let decoded = percent_decoded(&self.fragment);
        let Some(steps) = decoded.strip_prefix('/') else {
            return Vec::new();
        };
        steps
            .split('/')
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if let Some(authority) = &self.authority {
            write!(f, "//{authority}")?;
        }
        f.write_str(&self.path)?;
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", self.fragment)?;
        }
        Ok(())
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'))
}

/// The path with `.` and `..` carried out.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let absolute = path.starts_with('/');
    let mut folder = false;
    for part in path.strip_prefix('/').unwrap_or(path).split('/') {
        folder = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => {
                kept.pop();
            }
            part => kept.push(part),
        }
    }
    let mut text = kept.join("/");
    if folder && !text.is_empty() {
        text.push('/');
    }
    if absolute { format!("/{text}") } else { text }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|it| char::from(*it).to_digit(16));
        if first == b'%'
            && let (Some(high), Some(low)) = (digit(0), digit(1))
            && let Ok(byte) = u8::try_from(high * 16 + low)
        {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, child: &str) -> String {
        Reference::parse(base)
            .resolve(&Reference::parse(child))
            .to_string()
    }

    #[test]
    fn references_are_resolved_against_their_base() {
        for (base, child, expected) in [
            ("", "#/definitions/a", "#/definitions/a"),
            ("", "#", ""),
            (
                "http://x.org/a/b.json",
                "c.json#/d",
                "http://x.org/a/c.json#/d",
            ),
            (
                "http://x.org/a/b.json#/z",
                "#/d",
                "http://x.org/a/b.json#/d",
            ),
            ("http://x.org/a/b", "../c", "http://x.org/c"),
            ("http://x.org", "c", "http://x.org/c"),
            ("http://x.org/a", "//y.org/b", "http://y.org/b"),
            (
                "http://x.org/a",
                "https://y.org/./b/../c#",
                "https://y.org/c",
            ),
        ] {
            assert_eq!(resolved(base, child), expected, "{child} in {base}");
        }
    }

    #[test]
    fn fragments_are_pointers() {
        let steps = |text| Reference::parse(text).pointer();
        assert_eq!(steps("#/a~1b/c~0d/e%20f"), ["a/b", "c~d", "e f"]);
        assert!(steps("#name").is_empty());
        assert!(steps("x").is_empty());
    }

    #[test]
    fn hosts_have_neither_user_nor_port() {
        assert_eq!(Reference::parse("http://u:p@x.org:80/a").host(), "x.org");
        assert_eq!(Reference::parse("http://[::1]:80/a").host(), "::1");
    }
}
