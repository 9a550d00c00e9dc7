//! A registry, asked for bundles.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ureq::Body;
use ureq::http::Response;

use super::challenge::{self, Challenge};
use super::manifest::{ACCEPTED, Content, Digest, Manifest, without_bundle};
use super::reference::{Reference, Version};
use crate::services::client::{Client, FetchError, Fetched, reason};
use crate::services::outgoing::{Outgoing, read};

/// Bytes of a manifest; registries need not take larger ones.
const MANIFEST_LIMIT: u64 = 4 << 20;
/// How many indexes may be within each other.
const MOST_INDEXES: usize = 4;

/// A registry, and the last token that was had for it.
#[derive(Debug, Default)]
pub struct Registry {
    token: Mutex<Option<Token>>,
}

/// A token, which is for one repository.
struct Token {
    repository: String,
    text: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// A request for one bundle.
struct Pull<'p> {
    registry: &'p Registry,
    client: &'p Client,
    repository: String,
}

impl Registry {
    /// The bundle of an image, unless it is still the one with the digest `etag`, of at most `limit` bytes.
    ///
    /// # Errors
    /// When the image can't be had, or holds no bundle.
    pub fn fetch(
        &self,
        client: &Client,
        image: &str,
        etag: &str,
        limit: u64,
    ) -> Result<Fetched, FetchError> {
        let failed = |error: FetchError| FetchError {
            message: format!("failed to pull {image}: {}", error.message),
            ..error
        };
        let reference = Reference::parse(image).map_err(FetchError::from)?;
        let pull = Pull {
            registry: self,
            client,
            repository: reference.repository,
        };
        let digest = pull.bundle(&reference.version).map_err(failed)?;
        if digest.digits() == etag {
            return Ok(Fetched::Unchanged);
        }
        let bytes = pull.blob(&digest, limit).map_err(failed)?;
        Ok(Fetched::New {
            bytes,
            etag: digest.digits().to_owned(),
        })
    }

    fn token(&self) -> MutexGuard<'_, Option<Token>> {
        // A token is whole or not there.
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pull<'_> {
    /// The digest of the bundle of an image.
    fn bundle(&self, version: &Version) -> Result<Digest, FetchError> {
        let mut known = BTreeSet::new();
        let found = self.search(version, &mut known, 0)?;
        found.ok_or_else(|| without_bundle(&version.to_string()).into())
    }

    /// Looks for the bundle in an image, and in the images of an index: in none of them twice, since digests don't lie.
    fn search(
        &self,
        version: &Version,
        known: &mut BTreeSet<Digest>,
        depth: usize,
    ) -> Result<Option<Digest>, FetchError> {
        let images = match Manifest::read(&self.manifest(version)?)? {
            Content::Bundle(digest) => return Ok(Some(digest)),
            Content::Other => return Ok(None),
            Content::Index(images) => images,
        };
        if depth >= MOST_INDEXES {
            let message =
                format!("image index {version} is nested more than {MOST_INDEXES} levels deep");
            return Err(message.into());
        }
        let mut error = None;
        for image in images {
            if !known.insert(image.clone()) {
                continue;
            }
            match self.search(&Version::Digest(image), known, depth + 1) {
                Ok(Some(digest)) => return Ok(Some(digest)),
                Ok(None) => {}
                Err(failed) => error = Some(failed),
            }
        }
        error.map_or(Ok(None), Err)
    }

    fn manifest(&self, version: &Version) -> Result<Vec<u8>, FetchError> {
        let mut request = self.request(&format!("manifests/{version}"));
        request.header("Accept", ACCEPTED);
        let bytes = self.ask(&request, MANIFEST_LIMIT)?;
        if let Version::Digest(digest) = version {
            digest.verify(&bytes)?;
        }
        Ok(bytes)
    }

    fn blob(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, FetchError> {
        let bytes = self.ask(&self.request(&format!("blobs/{digest}")), limit)?;
        digest.verify(&bytes)?;
        Ok(bytes)
    }

    fn request(&self, path: &str) -> Outgoing {
        let origin = self.client.origin();
        Outgoing::get(format!("{origin}/v2/{}/{path}", self.repository))
    }

    /// What is at an address, once the registry has seen what it wants to see.
    fn ask(&self, request: &Outgoing, limit: u64) -> Result<Vec<u8>, FetchError> {
        let mut answer = self.send(request)?;
        if answer.status().as_u16() == 401
            && let Some(challenge) = challenge(&answer)
        {
            self.get_token(&challenge)?;
            answer = self.send(request)?;
        }
        match answer.status().as_u16() {
            200 => Ok(read(answer.into_body(), limit)?),
            status => Err(FetchError {
                message: format!("{}: {status} {}", request.url, reason(status)),
                status: Some(status),
            }),
        }
    }

    fn send(&self, request: &Outgoing) -> Result<Response<Body>, String> {
        let token = self.registry.token();
        let token = token
            .as_ref()
            .filter(|token| token.repository == self.repository)
            .map(|token| token.text.clone());
        let mut request = request.clone();
        match token {
            None => self.client.complete(request),
            Some(token) => {
                self.client.add_headers(&mut request);
                request.header("Authorization", format!("Bearer {token}"));
                Ok(request)
            }
        }?
        .send(&self.client.agent()?, None)
    }

    /// Gets a token for what this server has to say of itself.
    fn get_token(&self, challenge: &Challenge) -> Result<(), FetchError> {
        let is_clear = self.client.origin().starts_with("http:");
        let mut request = Outgoing::get(challenge.address(is_clear)?);
        self.client.authenticate(&mut request)?;
        let (status, bytes) = request.ask(&self.client.agent()?)?;
        if status != 200 {
            return Err(FetchError {
                message: format!("{}: {status} {}", request.url, reason(status)),
                status: Some(status),
            });
        }
        let text = challenge::token(&bytes).map_err(|error| format!("{}: {error}", request.url))?;
        *self.registry.token() = Some(Token {
            repository: self.repository.clone(),
            text,
        });
        Ok(())
    }
}

fn challenge(answer: &Response<Body>) -> Option<Challenge> {
    let values = answer.headers().get_all("www-authenticate");
    values
        .iter()
        .find_map(|value| Challenge::read(value.to_str().ok()?))
}
