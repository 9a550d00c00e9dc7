//! Directives, anchors and tags.

use super::error::Mark;
use super::scan::{Kind, Scanner, ends_word, is_blank, is_break};

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl Scanner {
    fn word(&mut self) -> String {
        let mut out = String::new();
        while is_word(self.at(0)) {
            out.push(self.at(0));
            self.step();
        }
        out
    }

    fn blanks(&mut self) {
        while is_blank(self.at(0)) {
            self.step();
        }
    }

    pub(super) fn directive(&mut self) -> Result<Kind, String> {
        let begun = self.mark;
        self.step();
        let name = self.word();
        if name.is_empty() {
            return Err(self.wrong(begun, "could not find expected directive name"));
        }
        if !ends_word(self.at(0)) {
            return Err(self.wrong(begun, "found unexpected non-alphabetical character"));
        }
        let kind = match name.as_str() {
            "YAML" => {
                self.blanks();
                let major = self.version(begun)?;
                if self.at(0) != '.' {
                    let problem = "did not find expected digit or '.' character";
                    return Err(self.wrong(begun, problem));
                }
                self.step();
                Kind::Version(major, self.version(begun)?)
            }
            "TAG" => {
                self.blanks();
                let handle = self.tag_handle(true, begun)?;
                if !is_blank(self.at(0)) {
                    return Err(self.wrong(begun, "did not find expected whitespace"));
                }
                self.blanks();
                let prefix = self.tag_uri("", begun)?;
                if !ends_word(self.at(0)) {
                    return Err(self.wrong(begun, "did not find expected whitespace or line break"));
                }
                Kind::TagDirective(handle, prefix)
            }
            _ => return Err(self.wrong(begun, "found unknown directive name")),
        };
        self.blanks();
        if self.at(0) == '#' {
            self.rest_of_line();
        }
        if is_break(self.at(0)) {
            self.line_break();
        } else if self.mark.index < self.text.len() {
            return Err(self.wrong(begun, "did not find expected comment or line break"));
        }
        Ok(kind)
    }

    fn version(&mut self, begun: Mark) -> Result<u32, String> {
        let mut value = 0;
        let mut length = 0;
        while let Some(digit) = self.at(0).to_digit(10) {
            length += 1;
            if length > 2 {
                return Err(self.wrong(begun, "found extremely long version number"));
            }
            value = value * 10 + digit;
            self.step();
        }
        if length == 0 {
            return Err(self.wrong(begun, "did not find expected version number"));
        }
        Ok(value)
    }

    pub(super) fn anchor(&mut self, anchor: bool) -> Result<Kind, String> {
        let begun = self.mark;
        self.step();
        let name = self.word();
        let c = self.at(0);
        if name.is_empty()
            || !(ends_word(c) || matches!(c, '?' | ':' | ',' | ']' | '}' | '%' | '@' | '`'))
        {
            let problem = "did not find expected alphabetic or numeric character";
            return Err(self.wrong(begun, problem));
        }
        Ok(if anchor {
            Kind::Anchor(name)
        } else {
            Kind::Alias(name)
        })
    }

    pub(super) fn tag(&mut self) -> Result<Kind, String> {
        let begun = self.mark;
        let (handle, suffix) = if self.at(1) == '<' {
            self.step();
            self.step();
            let suffix = self.tag_uri("", begun)?;
            if self.at(0) != '>' {
                return Err(self.wrong(begun, "did not find the expected '>'"));
            }
            self.step();
            (String::new(), suffix)
        } else {
            let handle = self.tag_handle(false, begun)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("", begun)?;
                (handle, suffix)
            } else {
                let suffix = self.tag_uri(&handle, begun)?;
                if suffix.is_empty() {
                    (String::new(), "!".to_owned())
                } else {
                    ("!".to_owned(), suffix)
                }
            }
        };
        if !ends_word(self.at(0)) {
            return Err(self.wrong(begun, "did not find expected whitespace or line break"));
        }
        Ok(Kind::Tag(handle, suffix))
    }

    fn tag_handle(&mut self, directive: bool, begun: Mark) -> Result<String, String> {
        if self.at(0) != '!' {
            return Err(self.wrong(begun, "did not find expected '!'"));
        }
        self.step();
        let mut handle = format!("!{}", self.word());
        if self.at(0) == '!' {
            self.step();
            handle.push('!');
        } else if directive && handle != "!" {
            return Err(self.wrong(begun, "did not find expected '!'"));
        }
        Ok(handle)
    }

    /// The rest of a tag whose first part looked like a handle.
    fn tag_uri(&mut self, head: &str, begun: Mark) -> Result<String, String> {
        let mut out: Vec<u8> = head.bytes().skip(1).collect();
        let from = self.mark.index;
        loop {
            match self.at(0) {
                '%' => self.octets(&mut out, begun)?,
                c if is_word(c) || ";/?:@&=+$,.!~*'()[]".contains(c) => {
                    out.extend(u8::try_from(u32::from(c)));
                    self.step();
                }
                _ => break,
            }
        }
        if head.is_empty() && from == self.mark.index {
            return Err(self.wrong(begun, "did not find expected tag URI"));
        }
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// A character as `%xx`.
    fn octets(&mut self, out: &mut Vec<u8>, begun: Mark) -> Result<(), String> {
        let mut left = None;
        while left != Some(0) {
            let digits = (self.at(1).to_digit(16), self.at(2).to_digit(16));
            let ('%', (Some(high), Some(low))) = (self.at(0), digits) else {
                return Err(self.wrong(begun, "did not find URI escaped octet"));
            };
            let octet = u8::try_from(high * 16 + low).unwrap_or_default();
            left = Some(match left {
                None => match octet {
                    0..=0x7f => 0,
                    0xc0..=0xdf => 1,
                    0xe0..=0xef => 2,
                    0xf0..=0xf7 => 3,
                    _ => return Err(self.wrong(begun, "found an incorrect leading UTF-8 octet")),
                },
                Some(left) if octet & 0xc0 == 0x80 => left - 1,
                Some(_) => return Err(self.wrong(begun, "found an incorrect trailing UTF-8 octet")),
            });
            out.push(octet);
            for _ in 0..3 {
                self.step();
            }
        }
        Ok(())
    }
}
