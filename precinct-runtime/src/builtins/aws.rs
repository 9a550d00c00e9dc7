//! Requests signed for Amazon Web Services (Signature Version 4).
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html>

use std::collections::BTreeMap;

use precinct_jose::hash::{Hash, hex};

use super::request::{self, missing, not_strings};
use super::uri::Uri;
use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::{Object, Value};

/// Signed requests.
pub const FAMILY: &[Builtin] = &[
Builtin::new("providers.aws.sign_req", "(request: object[string: any], aws_config: object[string: any], time_ns: number) => signed_request: object[any: any]", "Signs an HTTP request object for Amazon Web Services. Currently implements [AWS Signature Version 4 request signing](https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html) by the `Authorization` header method.", sign_req).categories(&["providers.aws"]).documented(&["HTTP request object", "AWS configuration object", "nanoseconds since the epoch"], "HTTP request object with `Authorization` header"),
];

const REQUIRED: &[&str] = &[
    "aws_service",
    "aws_access_key",
    "aws_secret_access_key",
    "aws_region",
];

/// Headers that proxies change, and the one that is made here.
const UNSIGNED_HEADERS: &[&str] = &["authorization", "user-agent", "x-amzn-trace-id"];

/// Who signs, and for what.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The service that is asked, such as `s3`.
    pub service: &'a str,
    /// The name of the secret key.
    pub access_key: &'a str,
    /// What is signed with.
    pub secret_key: &'a str,
    /// The region of the service.
    pub region: &'a str,
    /// What goes with temporary keys; empty with others.
    pub session_token: &'a str,
    /// The body's digest is not part of the signature.
    pub unsigned_payload: bool,
}

fn sign_req<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    operand::object(args, 1)?;
    let config = operand::object(&args[1..], 1)?;
    if let Some(names) = missing(arena, config, REQUIRED) {
        return Err(operand::wrong(
            2,
            &format!("missing required AWS config parameters(s): {names}"),
        ));
    }
    if let Some(names) = not_strings(arena, config, REQUIRED) {
        return Err(operand::wrong(
            2,
            &format!("invalid values for required AWS config parameters(s): {names}"),
        ));
    }
    let time = operand::number(&args[2..], 1)?.to_i64().ok_or_else(|| {
        operand::wrong(3, "could not convert time_ns value into a unix timestamp")
    })?;
    let request = request::checked(arena, args, 1)?;
    let headers = match request.get_str("headers") {
        None => Object::EMPTY.entries(),
        Some(Value::Object(headers)) => headers.entries(),
        Some(other) => return Err(operand::wrong_type(0, other, &["object"])),
    };
    if let Some(names) = not_strings(arena, request, &["url", "method"]) {
        return Err(operand::wrong(
            1,
            &format!("invalid values for required request parameters(s): {names}"),
        ));
    }
    let text = |object: Object<'a>, name: &str| {
        object
            .get_str(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let uri = Uri::parse(text(request, "url")).map_err(BuiltinError::new)?;
    let scope = Scope {
        service: text(config, "aws_service"),
        access_key: text(config, "aws_access_key"),
        secret_key: text(config, "aws_secret_access_key"),
        region: text(config, "aws_region"),
        session_token: text(config, "aws_session_token"),
        unsigned_payload: match config.get_str("disable_payload_signing") {
            None => false,
            Some(Value::Bool(disable)) => disable,
            Some(_) => {
                return Err(operand::wrong(
                    2,
                    "invalid value for 'disable_payload_signing' in AWS config",
                ));
            }
        },
    };
    let given: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().unwrap_or_default().to_owned(),
                value.as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let (authorization, added) = sign(
        &scope,
        &given,
        text(request, "method"),
        &uri,
        &request::body(request),
        time,
    );
    let mut signed = given;
    signed.insert("Authorization".to_owned(), authorization);
    signed.extend(added);
    let headers = Value::object(
        arena,
        signed
            .iter()
            .map(|(name, value)| (Value::string(arena, name), Value::string(arena, value))),
    );
    Ok(Some(request.with(arena, Value::String("headers"), headers)))
}

/// The `Authorization` header, and the headers that have to be sent with it (`host` among them).
///
/// `given` are the headers that the request has, and `time_ns` nanoseconds since the epoch.
#[must_use]
pub fn sign(
    scope: &Scope<'_>,
    given: &BTreeMap<String, String>,
    method: &str,
    uri: &Uri,
    body: &[u8],
    time_ns: i64,
) -> (String, BTreeMap<String, String>) {
    let content_hash = if scope.unsigned_payload {
        "UNSIGNED-PAYLOAD".to_owned()
    } else {
        hex(&Hash::Sha256.digest(body))
    };
    let (date, time) = date_and_time(time_ns.div_euclid(1_000_000_000));
    let timestamp = format!("{date}T{time}Z");
    let mut added = BTreeMap::from([
        ("host".to_owned(), uri.host.clone()),
        ("x-amz-date".to_owned(), timestamp.clone()),
    ]);
    if scope.service == "s3" || scope.service == "glacier" {
        added.insert("x-amz-content-sha256".to_owned(), content_hash.clone());
    }
    if !scope.session_token.is_empty() {
        added.insert(
            "x-amz-security-token".to_owned(),
            scope.session_token.to_owned(),
        );
    }
    let mut to_sign = added.clone();
    for (name, value) in given {
        let name = name.to_lowercase();
        if !UNSIGNED_HEADERS.contains(&name.as_str()) {
            to_sign.insert(name, value.clone());
        }
    }
    let lines: String = to_sign
        .iter()
        .flat_map(|(name, value)| [name, ":", value, "\n"])
        .collect();
    let names = to_sign
        .keys()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(";");
    let path = uri.escaped_path();
    let canonical = format!(
        "{method}\n{path}\n{}\n{lines}\n{names}\n{content_hash}",
        uri.raw_query
    );
    let credential = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let digest = hex(&Hash::Sha256.digest(canonical.as_bytes()));
    let string_to_sign = format!("AWS4-HMAC-SHA256\n{timestamp}\n{credential}\n{digest}");
    let mut key = format!("AWS4{}", scope.secret_key).into_bytes();
    for part in [
        date.as_str(),
        scope.region,
        scope.service,
        "aws4_request",
        &string_to_sign,
    ] {
        key = Hash::Sha256.hmac(&key, part.as_bytes());
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{credential},SignedHeaders={names},Signature={}",
        scope.access_key,
        hex(&key)
    );
    (authorization, added)
}

/// Date and time of day in UTC as `20060102` and `150405`.
pub(super) fn date_and_time(unix_seconds: i64) -> (String, String) {
    let (days, second) = (
        unix_seconds.div_euclid(86_400),
        unix_seconds.rem_euclid(86_400),
    );
    // Days in the proleptic Gregorian calendar, counted from 1 March of the year 0 in cycles of 400 years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        format!("{year:04}{month:02}{day:02}"),
        format!(
            "{:02}{:02}{:02}",
            second / 3_600,
            second / 60 % 60,
            second % 60
        ),
    )
}
