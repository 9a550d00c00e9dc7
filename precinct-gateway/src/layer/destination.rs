//! Where a call goes, as host and port.

use http::Uri;
use serde_json::Value;

use crate::call::Call;
use crate::registry::Capability;

/// Where the tool is told to go by its own arguments, else where its capability is reached.
///
/// The arguments `url`, `uri` and `endpoint` are read; a tool that goes elsewhere by another name of an argument is
/// not seen here, and its policy has to look at `input.arguments`.
pub fn of(call: &Call, capability: Option<&Capability>) -> Option<(String, u16)> {
    if let Value::Object(arguments) = &call.arguments
        && call.tool.is_some()
    {
        let named = ["url", "uri", "endpoint"]
            .iter()
            .find_map(|name| arguments.get(*name)?.as_str());
        if let Some(text) = named {
            return host_and_port(text);
        }
    }
    host_and_port(capability?.endpoint.as_deref()?)
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    let uri: Uri = text.trim().parse().ok()?;
    let host = uri.host()?;
    let port = match (uri.authority()?.as_str().ends_with(host), uri.scheme_str()?) {
        (false, _) => uri.port_u16()?,
        (true, "http" | "ws") => 80,
        (true, "https" | "wss") => 443,
        _ => return None,
    };
    Some((host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_arguments_of_a_tool_name_its_destination() {
        let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"http_request","arguments":{"url":"https://Evil.example.com/x"}}}"#;
        let call = &crate::call::mcp(body).unwrap()[0];
        assert_eq!(of(call, None), Some(("evil.example.com".to_owned(), 443)));
    }

    #[test]
    fn what_is_no_address_is_unknown() {
        for text in ["", "x", "/a/b", "ftp://h", "https://", "https://h:99999"] {
            assert_eq!(host_and_port(text), None, "{text}");
        }
        assert_eq!(host_and_port("ws://h:8080/x"), Some(("h".to_owned(), 8080)));
    }
}
