//! The name of an image: `ghcr.io/organisation/repository:tag`, or with `@sha256:…`.

use super::manifest::Digest;

/// The name of an image, without the registry: which one is asked, the service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The repository.
    pub repository: String,
    /// The tag or the digest.
    pub version: Version,
}

/// Which image of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// The one that has this name now.
    Tag(String),
    /// The one of these bytes.
    Digest(Digest),
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl Reference {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is none, or does not say which image of a repository is meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |found: &str| {
            format!(
                "invalid reference {text:?}: expected REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@DIGEST, {found}"
            )
        };
        let (registry, rest) = text
            .split_once('/')
            .ok_or_else(|| wrong("found no repository"))?;
        if registry.is_empty() {
            return Err(wrong("found no registry"));
        }
        let (repository, version) = match rest.split_once('@') {
            Some((before, digest)) => {
                let digest = Digest::parse(digest).map_err(|error| wrong(&error))?;
                // A tag before a digest says nothing more.
                let repository = before.split_once(':').map_or(before, |(name, _)| name);
                (repository, Version::Digest(digest))
            }
            None => {
                let (repository, tag) = rest
                    .split_once(':')
                    .ok_or_else(|| wrong("found neither tag nor digest"))?;
                if !is_tag(tag) {
                    return Err(wrong(&format!("found the tag {tag:?}")));
                }
                (repository, Version::Tag(tag.to_owned()))
            }
        };
        if !repository.split('/').all(is_component) {
            return Err(wrong(&format!("found the repository {repository:?}")));
        }
        Ok(Self {
            repository: repository.to_owned(),
            version,
        })
    }
}

fn is_tag(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=128).contains(&text.len()) && !text.starts_with(['.', '-']) && text.bytes().all(is_plain)
}

/// A part of a repository's name: it begins and ends with a letter or a digit.
fn is_component(text: &str) -> bool {
    let is_end = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(is_end)
        && bytes.last().is_some_and(is_end)
        && bytes
            .iter()
            .all(|byte| is_end(byte) || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_image_is_named_by_a_tag_or_a_digest() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, repository, version) in [
            ("ghcr.io/org/repo:1.0", "org/repo", "1.0"),
            ("localhost:5000/a/b-c/d_e:latest", "a/b-c/d_e", "latest"),
            (
                &format!("ghcr.io/org/repo@{digest}"),
                "org/repo",
                digest.as_str(),
            ),
            (
                &format!("ghcr.io/org/repo:1@{digest}"),
                "org/repo",
                digest.as_str(),
            ),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.repository, repository);
            assert_eq!(reference.version.to_string(), version);
        }
    }

    #[test]
    fn what_names_no_image_is_refused() {
        for text in [
            "",
            "repo:1",
            "/repo:1",
            "ghcr.io/org/repo",
            "ghcr.io/org/repo:",
            "ghcr.io/org/repo:a/b",
            "ghcr.io/org/../repo:1",
            "ghcr.io/org//repo:1",
            "ghcr.io/Org/repo:1",
            "ghcr.io/org/repo?x:1",
            "ghcr.io/org/repo@sha256:00",
            "ghcr.io/org/repo@md5:00",
        ] {
            let error = Reference::parse(text).unwrap_err();
            assert!(error.starts_with("invalid reference"), "{error}");
        }
    }
}
