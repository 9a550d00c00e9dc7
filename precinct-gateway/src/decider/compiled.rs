//! Policies that are compiled into the gateway.

use precinct_audit::Bundles;
use precinct_bundle::{Digest, Files, Limits, archive};
use precinct_runtime::compiled::Compiled as Policies;
use precinct_runtime::json::Decoder;
use precinct_runtime::{Arena, Context, Document};

use super::{Decided, Decider, prepared, told};

/// What `precinct_codegen::Builder::served` writes beside the policies, as a gateway asks it:
/// `Compiled::new(policies::Compiled)`.
pub struct Compiled<P> {
    policies: P,
    data: Document,
    archive: Vec<u8>,
    digest: String,
}

impl<P: Policies> Compiled<P> {
    /// Decisions name the digest of an archive of the modules and documents that the policies were compiled from.
    ///
    /// # Errors
    /// When these make no archive.
    pub fn new(policies: P) -> Result<Self, String> {
        let data = policies.data().unwrap_or("{}");
        let mut files = Files::default();
        let documents = [("data.json", data)];
        for (name, text) in policies.sources().iter().chain(&documents) {
            files
                .add(name, text.as_bytes().to_vec(), &Limits::default())
                .map_err(|error| error.to_string())?;
        }
        let archive = archive::write(&files).map_err(|error| error.to_string())?;
        Ok(Self {
            data: Document::from_json(data.as_bytes()).map_err(|error| error.to_string())?,
            digest: Digest::of_bytes(&archive).to_string(),
            policies,
            archive,
        })
    }

    /// The same, with that archive kept beside the records of its decisions, so that these can be made again.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keeping(self, bundles: &Bundles) -> Result<Self, String> {
        let kept = bundles.keep(&self.archive);
        kept.map(|_| self).map_err(|error| error.to_string())
    }
}

impl<P: Policies> Decider for Compiled<P> {
    fn decide(&self, path: &str, input: &[u8]) -> Result<Decided, String> {
        let arena = Arena::new();
        let input = Decoder::new(&arena)
            .decode(input)
            .map_err(|error| error.to_string())?;
        let context = Context::new(&arena).of_compiled(&self.policies);
        let mut context = prepared(context, input, &self.data);
        // A path that nobody wrote a rule for is undefined.
        let answer = self.policies.evaluate(&mut context, path);
        let answer = answer.unwrap_or(Ok(None));
        Ok(told(answer, &context, &self.digest))
    }
}
