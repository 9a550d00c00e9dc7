//! Digests, keys and certificates.

mod digest;

use crate::builtin::Builtin;
use digest::{hmac_equal, hmac_md5, hmac_sha1, hmac_sha256, hmac_sha512, md5, sha1, sha256};

/// Digests, keys and certificates.
pub const FAMILY: &[Builtin] = &[
Builtin::new("crypto.hmac.equal", "(mac1: string, mac2: string) => boolean", "Returns a boolean representing the result of comparing two MACs for equality without leaking timing information.", hmac_equal).categories(&["crypto"]),
Builtin::new("crypto.hmac.md5", "(x: string, key: string) => string", "Returns a string representing the MD5 HMAC of the input message using the input key.", hmac_md5).categories(&["crypto"]),
Builtin::new("crypto.hmac.sha1", "(x: string, key: string) => string", "Returns a string representing the SHA1 HMAC of the input message using the input key.", hmac_sha1).categories(&["crypto"]),
Builtin::new("crypto.hmac.sha256", "(x: string, key: string) => string", "Returns a string representing the SHA256 HMAC of the input message using the input key.", hmac_sha256).categories(&["crypto"]),
Builtin::new("crypto.hmac.sha512", "(x: string, key: string) => string", "Returns a string representing the SHA512 HMAC of the input message using the input key.", hmac_sha512).categories(&["crypto"]),
Builtin::new("crypto.md5", "(x: string) => string", "Returns a string representing the input string hashed with the MD5 function", md5).categories(&["crypto"]),
Builtin::new("crypto.sha1", "(x: string) => string", "Returns a string representing the input string hashed with the SHA1 function", sha1).categories(&["crypto"]),
Builtin::new("crypto.sha256", "(x: string) => string", "Returns a string representing the input string hashed with the SHA256 function", sha256).categories(&["crypto"]),
];
