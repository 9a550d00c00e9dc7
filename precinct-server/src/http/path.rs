//! Paths, their segments, and where odd ones are sent.

use percent_encoding::percent_decode_str;

/// The path without empty, `.` and `..` segments, if that is another path than the given one.
#[must_use]
pub fn cleaned(path: &str) -> Option<String> {
    let is_odd = |segment: &str| segment.is_empty() || segment == "." || segment == "..";
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() && path.len() <= 1 {
        return None;
    }
    if !inner.split('/').any(is_odd) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in inner.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut clean = format!("/{}", kept.join("/"));
    if path.ends_with('/') && clean != "/" {
        clean.push('/');
    }
    Some(clean)
}

/// A segment with its percent-encoding taken away; `None` if that is broken.
#[must_use]
pub fn unescaped(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        if byte == b'%' && !(is_digit(bytes.next()) && is_digit(bytes.next())) {
            return None;
        }
    }
    Some(percent_decode_str(segment).decode_utf8_lossy().into_owned())
}

/// The segments of a path to a document, unescaped.
///
/// # Errors
/// The segment that can't be part of a reference.
pub fn document(path: &str) -> Result<Vec<String>, String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            let segment = unescaped(segment).unwrap_or_else(|| segment.to_owned());
            if segment.contains('"') {
                return Err(format!("invalid path: invalid ref term '{segment}'"));
            }
            Ok(segment)
        })
        .collect()
}

/// The path of a stored document: segments, unescaped; `None` if the escapes are broken.
#[must_use]
pub fn stored(path: &str) -> Option<Vec<String>> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('/').map(unescaped).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn odd_paths_are_cleaned_and_others_left() {
        assert_eq!(cleaned("/v1/data//a").as_deref(), Some("/v1/data/a"));
        assert_eq!(cleaned("/v1/./data/../x/").as_deref(), Some("/v1/x/"));
        assert_eq!(cleaned("//").as_deref(), Some("/"));
        assert_eq!(cleaned("/v1/data/a/"), None);
        assert_eq!(cleaned("/"), None);
    }

    #[test]
    fn segments_of_documents_are_unescaped() {
        assert_eq!(document("a/b%2Fc/%25").unwrap(), ["a", "b/c", "%"]);
        assert_eq!(document("").unwrap(), Vec::<String>::new());
        assert!(document("%22q%22").is_err());
        assert_eq!(stored("a/%zz"), None);
    }
}
