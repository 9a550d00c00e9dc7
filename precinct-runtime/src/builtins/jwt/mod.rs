//! JSON Web Tokens: decoding, verification and signing.
//!
//! * [`token`]: taking tokens apart
//! * [`keys`]: keys from certificates and key sets, kept from one evaluation to the next
//! * [`verify`]: the `io.jwt.verify_*` builtins
//! * [`constraints`], `decode_verify`: verification with constraints on the claims
//! * [`sign`]: making tokens

mod constraints;
mod decode_verify;
mod keys;
mod sign;
mod token;
mod verify;

use crate::builtin::Builtin;
use decode_verify::decode_verify;
use sign::{encode_sign, encode_sign_raw};
use token::decode;
use verify::{
    verify_eddsa, verify_es256, verify_es384, verify_es512, verify_hs256, verify_hs384,
    verify_hs512, verify_ps256, verify_ps384, verify_ps512, verify_rs256, verify_rs384,
    verify_rs512,
};

/// JSON Web Tokens.
pub const FAMILY: &[Builtin] = &[
Builtin::new("io.jwt.decode", "(jwt: string) => output: array<object[any: any], object[any: any], string>", "Decodes a JSON Web Token and outputs it as an object.", decode).categories(&["tokens"]).documented(&["JWT token to decode"], "`[header, payload, sig]`, where `header` and `payload` are objects; `sig` is the hexadecimal representation of the signature on the token."),
Builtin::new("io.jwt.decode_verify", "(jwt: string, constraints: object[string: any]) => output: array<boolean, object[any: any], object[any: any]>", "Verifies a JWT signature under parameterized constraints and decodes the claims if it is valid.\nSupports the following algorithms: HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512, and EdDSA.", decode_verify).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified and whose claims are to be checked", "claim verification constraints"], "`[valid, header, payload]`:  if the input token is verified and meets the requirements of `constraints` then `valid` is `true`; `header` and `payload` are objects containing the JOSE header and the JWT claim set; otherwise, `valid` is `false`, `header` and `payload` are `{}`").nondeterministic(),
Builtin::new("io.jwt.encode_sign", "(headers: object[string: any], payload: object[string: any], key: object[string: any]) => output: string", "Encodes and optionally signs a JSON Web Token. Inputs are taken as objects, not encoded strings (see `io.jwt.encode_sign_raw`).", encode_sign).categories(&["tokensign"]).documented(&["JWS Protected Header", "JWS Payload", "JSON Web Key (RFC7517)"], "signed JWT").nondeterministic(),
Builtin::new("io.jwt.encode_sign_raw", "(headers: string, payload: string, key: string) => output: string", "Encodes and optionally signs a JSON Web Token.", encode_sign_raw).categories(&["tokensign"]).documented(&["JWS Protected Header", "JWS Payload", "JSON Web Key (RFC7517)"], "signed JWT").nondeterministic(),
Builtin::new("io.jwt.verify_eddsa", "(jwt: string, certificate: string) => result: boolean", "Verifies if an EdDSA JWT signature is valid.", verify_eddsa).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_es256", "(jwt: string, certificate: string) => result: boolean", "Verifies if a ES256 JWT signature is valid.", verify_es256).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_es384", "(jwt: string, certificate: string) => result: boolean", "Verifies if a ES384 JWT signature is valid.", verify_es384).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_es512", "(jwt: string, certificate: string) => result: boolean", "Verifies if a ES512 JWT signature is valid.", verify_es512).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_hs256", "(jwt: string, secret: string) => result: boolean", "Verifies if a HS256 (secret) JWT signature is valid.", verify_hs256).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "plain text secret used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_hs384", "(jwt: string, secret: string) => result: boolean", "Verifies if a HS384 (secret) JWT signature is valid.", verify_hs384).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "plain text secret used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_hs512", "(jwt: string, secret: string) => result: boolean", "Verifies if a HS512 (secret) JWT signature is valid.", verify_hs512).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "plain text secret used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_ps256", "(jwt: string, certificate: string) => result: boolean", "Verifies if a PS256 JWT signature is valid.", verify_ps256).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_ps384", "(jwt: string, certificate: string) => result: boolean", "Verifies if a PS384 JWT signature is valid.", verify_ps384).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_ps512", "(jwt: string, certificate: string) => result: boolean", "Verifies if a PS512 JWT signature is valid.", verify_ps512).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_rs256", "(jwt: string, certificate: string) => result: boolean", "Verifies if a RS256 JWT signature is valid.", verify_rs256).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_rs384", "(jwt: string, certificate: string) => result: boolean", "Verifies if a RS384 JWT signature is valid.", verify_rs384).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
Builtin::new("io.jwt.verify_rs512", "(jwt: string, certificate: string) => result: boolean", "Verifies if a RS512 JWT signature is valid.", verify_rs512).categories(&["tokens"]).documented(&["JWT token whose signature is to be verified", "PEM encoded certificate, PEM encoded public key, or the JWK key (set) used to verify the signature"], "`true` if the signature is valid, `false` otherwise"),
];
