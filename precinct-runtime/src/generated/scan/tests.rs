#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use super::*;

/// `{user: {name, age}, roles}` of a text.
type Fields<'a> = [Option<Value<'a>>; 3];

fn scan<'a>(arena: &'a Arena, text: &'a [u8]) -> Result<Fields<'a>, JsonError> {
    Scanner::run(
        arena,
        text,
        |scanner| {
            let mut fields = [None; 3];
            scanner.object(|scanner, key| {
                match key {
                    "user" => {
                        (fields[0], fields[1]) = (None, None);
                        scanner.object(|scanner, key| {
                            match key {
                                "name" => fields[0] = Some(scanner.value()?),
                                "age" => fields[1] = Some(scanner.value()?),
                                _ => scanner.skip()?,
                            }
                            Ok(())
                        })?;
                    }
                    "roles" => fields[2] = Some(scanner.value()?),
                    _ => scanner.skip()?,
                }
                Ok(())
            })?;
            Ok(fields)
        },
        whole,
    )
}

fn whole(value: Value<'_>) -> Fields<'_> {
    [
        value.path(&["user", "name"]),
        value.path(&["user", "age"]),
        value.path(&["roles"]),
    ]
}

#[test]
fn scanning_gives_what_decoding_gives() {
    let texts: &[&[u8]] = &[
        br#"{"user":{"name":"alice","age":41},"roles":["a",{"b":[1,2.50,-3e2]}],"more":{"x":[[],{}]}}"#,
        br#"  {"user" : {"age":1} , "user": {"name":"b"}}  "#,
        br#"{"user":{"name":"a\n\u00e9\ud83d\ude00"},"\u0072oles":1}"#,
        br#"{"user":"none","roles":null}"#,
        br#"{"user":{"name":true,"age":false}}"#,
        br"[1,2,3]",
        br#""text""#,
        br"{}",
        b"{\"user\":{\"name\":\"\xff\"}}",
        br#"{"other":"with \" and \\ and \u12aF","roles":"0123456789abcdef\""}"#,
    ];
    for text in texts {
        let arena = Arena::new();
        let decoded = Decoder::new(&arena).decode(text).expect("is JSON");
        assert_eq!(scan(&arena, text).unwrap(), whole(decoded), "{text:?}");
    }
}

#[test]
fn what_is_no_json_is_refused_with_the_decoders_words() {
    let texts: &[&[u8]] = &[
        b"",
        b"{",
        br#"{"user":}"#,
        br#"{"other":01}"#,
        br#"{"other":[1,]}"#,
        br#"{"other":{"a":1,}}"#,
        br#"{"other":"\x"}"#,
        br#"{"other":"\u12"}"#,
        br#"{"other":tru}"#,
        br#"{"other":1.}"#,
        br#"{"other":[1}"#,
        br#"{"other":-}"#,
        br"{} x",
        b"{\"other\":\"a\nb\"}",
        br#"{"other" 1}"#,
        br#"{"roles":[1 2]}"#,
    ];
    for text in texts {
        let arena = Arena::new();
        let expected = Decoder::new(&arena).decode(text).expect_err("is no JSON");
        assert_eq!(scan(&arena, text).unwrap_err(), expected, "{text:?}");
    }
}

#[test]
fn depth_is_bounded_where_the_decoder_bounds_it() {
    for depth in [998, 999, 1000, 1001] {
        let text = format!(r#"{{"other":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let arena = Arena::new();
        let decoded = Decoder::new(&arena).decode(text.as_bytes());
        assert_eq!(
            scan(&arena, text.as_bytes()).is_ok(),
            decoded.is_ok(),
            "{depth}"
        );
    }
}
