//! The `io.jwt.verify_*` builtins: the algorithm is the builtin's, whatever the header says.

use precinct_jose::hash::{Hash, equal_in_constant_time};
use precinct_jose::{Key, signature};

use super::constraints::Header;
use super::keys::{any_verifies, keys_of};
use super::token::Token;
use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::octets;
use crate::value::Value;

macro_rules! asymmetric {
    ($name:ident, $hash:ident, $verify:ident) => {
        pub(super) fn $name<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
            verify(context, args, |key, message, bytes| {
                $verify(key, Hash::$hash, message, bytes)
            })
        }
    };
}

asymmetric!(verify_rs256, Sha256, pkcs1);
asymmetric!(verify_rs384, Sha384, pkcs1);
asymmetric!(verify_rs512, Sha512, pkcs1);
asymmetric!(verify_ps256, Sha256, pss);
asymmetric!(verify_ps384, Sha384, pss);
asymmetric!(verify_ps512, Sha512, pss);
asymmetric!(verify_es256, Sha256, ecdsa);
asymmetric!(verify_es384, Sha384, ecdsa);
asymmetric!(verify_es512, Sha512, ecdsa);
asymmetric!(verify_eddsa, Sha512, eddsa);

macro_rules! symmetric {
    ($name:ident, $hash:ident) => {
        pub(super) fn $name<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
            let text = operand::string(args, 1)?;
            let secret = operand::string(args, 2)?;
            let token = Token::split(text)?;
            let expected =
                Hash::$hash.hmac(&octets::bytes(secret), token.signing_input().as_bytes());
            let given = token.signature_bytes()?;
            Ok(Some(Value::Bool(equal_in_constant_time(&given, &expected))))
        }
    };
}

symmetric!(verify_hs256, Sha256);
symmetric!(verify_hs384, Sha384);
symmetric!(verify_hs512, Sha512);

fn pkcs1(key: &Key, hash: Hash, message: &[u8], bytes: &[u8]) -> bool {
    let Key::RsaPublic(key) = key else {
        return false;
    };
    signature::verify_rsa_pkcs1(key, hash, &hash.digest(message), bytes).is_ok()
}

fn pss(key: &Key, hash: Hash, message: &[u8], bytes: &[u8]) -> bool {
    let Key::RsaPublic(key) = key else {
        return false;
    };
    signature::verify_rsa_pss(key, hash, &hash.digest(message), bytes, None).is_ok()
}

fn ecdsa(key: &Key, hash: Hash, message: &[u8], bytes: &[u8]) -> bool {
    let Key::EcPublic(key) = key else {
        return false;
    };
    let (r, s) = bytes.split_at(bytes.len() / 2);
    signature::verify_ecdsa(key, &hash.digest(message), r, s).is_ok()
}

fn eddsa(key: &Key, _: Hash, message: &[u8], bytes: &[u8]) -> bool {
    let Key::Ed25519Public(key) = key else {
        return false;
    };
    signature::verify_ed25519(key, message, bytes).is_ok()
}

fn verify<'a>(
    context: &mut Context<'a>,
    args: &[Value<'a>],
    verifies: impl Fn(&Key, &[u8], &[u8]) -> bool,
) -> Outcome<'a> {
    let token = Token::split(operand::string(args, 1)?)?;
    let keys = keys_of(context, operand::string(args, 2)?)?;
    let signature = token.signature_bytes()?;
    let header = Header::read(token.header(context.arena())?)?;
    let message = token.signing_input();
    let valid = any_verifies(&keys, header.key_id, header.algorithm, |key| {
        verifies(&key.key, message.as_bytes(), &signature)
    });
    Ok(Some(Value::Bool(valid)))
}
