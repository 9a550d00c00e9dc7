//! Digests and keyed digests, as lower-case hexadecimal digits.

use precinct_jose::hash::{Hash, equal_in_constant_time, hex};

use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::octets;
use crate::value::Value;

macro_rules! digest {
    ($name:ident, $hash:ident) => {
        pub(super) fn $name<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
            let text = operand::string(args, 1)?;
            Ok(Some(Value::string(
                context.arena(),
                &hex(&Hash::$hash.digest(&octets::bytes(text))),
            )))
        }
    };
}

digest!(md5, Md5);
digest!(sha1, Sha1);
digest!(sha256, Sha256);

macro_rules! keyed {
    ($name:ident, $hash:ident) => {
        pub(super) fn $name<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
            let text = operand::string(args, 1)?;
            let key = operand::string(args, 2)?;
            let mac = Hash::$hash.hmac(&octets::bytes(key), &octets::bytes(text));
            Ok(Some(Value::string(context.arena(), &hex(&mac))))
        }
    };
}

keyed!(hmac_md5, Md5);
keyed!(hmac_sha1, Sha1);
keyed!(hmac_sha256, Sha256);
keyed!(hmac_sha512, Sha512);

pub(super) fn hmac_equal<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (left, right) = (operand::string(args, 1)?, operand::string(args, 2)?);
    Ok(Some(Value::Bool(equal_in_constant_time(
        &octets::bytes(left),
        &octets::bytes(right),
    ))))
}
