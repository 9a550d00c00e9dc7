//! What an image consists of (OCI Image Format Specification 1.1).

use precinct_jose::hash::{Hash, hex};
use serde::{Deserialize, Deserializer};

/// The media type of the layer that holds the bundle.
const BUNDLE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Media types of manifests and indexes, of OCI and of Docker.
pub const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, */*";

/// The SHA-256 digest of some bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    /// Reads `sha256:` and hexadecimal digits.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("sha256:").filter(|digits| {
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            digits.len() == 64 && digits.bytes().all(is_digit)
        });
        digits
            .map(|digits| Self(digits.to_owned()))
            .ok_or_else(|| format!("expected sha256:… with 64 digits, found {text:?}"))
    }

    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// # Errors
    /// When the bytes have another digest.
    pub fn verify(&self, bytes: &[u8]) -> Result<(), String> {
        let found = hex(&Hash::Sha256.digest(bytes));
        if found == self.0 {
            Ok(())
        } else {
            Err(format!(
                "expected bytes with digest {self}, found sha256:{found}"
            ))
        }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A manifest, or an index of manifests: what it is, its members say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Manifest {
    layers: Vec<Layer>,
    manifests: Vec<Entry>,
}

/// What an image consists of, as far as it is read.
#[derive(Debug)]
pub enum Content {
    /// The bundle is this blob.
    Bundle(Digest),
    /// It may be in these images.
    Index(Vec<Digest>),
    /// Layers, and no bundle among them.
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    #[serde(default)]
    media_type: String,
    digest: Digest,
}

#[derive(Debug, Deserialize)]
struct Entry {
    digest: Digest,
    platform: Option<Platform>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Platform {
    os: String,
    architecture: String,
}

impl Manifest {
    /// Reads a manifest or an index.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(bytes: &[u8]) -> Result<Content, String> {
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("unable to unmarshal manifest: {error}"))?;
        if !manifest.layers.is_empty() {
            let mut layers = manifest.layers.into_iter();
            let bundle = layers.find(|layer| layer.media_type == BUNDLE);
            return Ok(bundle.map_or(Content::Other, |layer| Content::Bundle(layer.digest)));
        }
        if manifest.manifests.is_empty() {
            return Err("no layers in manifest".to_owned());
        }
        let entries = manifest.manifests.into_iter();
        let images = entries.filter(|entry| !entry.is_about_others());
        Ok(Content::Index(images.map(|entry| entry.digest).collect()))
    }
}

impl Entry {
    /// Whether it says something about the other images and is none: builders put such entries into indexes.
    fn is_about_others(&self) -> bool {
        let platform = self.platform.as_ref();
        platform
            .is_some_and(|platform| platform.os == "unknown" && platform.architecture == "unknown")
    }
}

/// What is said of an image without a bundle.
pub fn without_bundle(name: &str) -> String {
    format!("{name}: expected a layer of type {BUNDLE}, found none")
}
