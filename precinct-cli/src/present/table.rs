//! Tables with box-drawing lines.

/// How a cell stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left.
    Left,
    /// In the middle; an odd space goes to the right.
    Centre,
}

/// A table: one line of headers, then rows.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// How the cells of rows stand.
    pub align: Align,
}

impl Table {
    /// A table of these columns.
    pub fn new(header: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            align: Align::Left,
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as text; each line ends with a newline.
    pub fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                std::iter::once(&self.header)
                    .chain(&self.rows)
                    .filter_map(|row| row.get(column))
                    .flat_map(|cell| cell.lines().map(width))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        rule(&widths, ['┌', '┬', '┐'], &mut text);
        line(&self.header, &widths, Align::Centre, &mut text);
        rule(&widths, ['├', '┼', '┤'], &mut text);
        for row in &self.rows {
            line(row, &widths, self.align, &mut text);
        }
        rule(&widths, ['└', '┴', '┘'], &mut text);
        text
    }
}

/// Rows of two cells without a header, a line between any two.
pub fn grid(rows: &[[String; 2]]) -> String {
    let widths: Vec<usize> = (0..2)
        .map(|column| {
            let cells = rows.iter().flat_map(|row| row[column].lines());
            cells.map(width).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    if rows.is_empty() {
        return text;
    }
    rule(&widths, ['┌', '┬', '┐'], &mut text);
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            rule(&widths, ['├', '┼', '┤'], &mut text);
        }
        line(row, &widths, Align::Left, &mut text);
    }
    rule(&widths, ['└', '┴', '┘'], &mut text);
    text
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn rule(widths: &[usize], [left, middle, right]: [char; 3], text: &mut String) {
    text.push(left);
    for (index, width) in widths.iter().enumerate() {
        if index > 0 {
            text.push(middle);
        }
        text.extend(std::iter::repeat_n('─', width + 2));
    }
    text.push(right);
    text.push('\n');
}

/// A row; a cell of several lines makes the row as high.
fn line(cells: &[String], widths: &[usize], align: Align, text: &mut String) {
    let height = cells
        .iter()
        .map(|cell| cell.lines().count())
        .max()
        .unwrap_or(1)
        .max(1);
    for number in 0..height {
        text.push('│');
        for (index, full) in widths.iter().enumerate() {
            let part = cells
                .get(index)
                .and_then(|cell| cell.lines().nth(number))
                .unwrap_or_default();
            let free = full - width(part);
            let before = match align {
                Align::Left => 0,
                Align::Centre => free / 2,
            };
            text.push(' ');
            text.extend(std::iter::repeat_n(' ', before));
            text.push_str(part);
            text.extend(std::iter::repeat_n(' ', free - before));
            text.push_str(" │");
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_stand_in_the_middle_and_cells_at_the_left() {
        let mut table = Table::new(["x", "y"]);
        table.row(["1", r#"[1,{"a":null}]"#]);
        assert_eq!(
            table.render(),
            "┌───┬────────────────┐\n│ x │       y        │\n├───┼────────────────┤\n│ 1 │ [1,{\"a\":null}] │\n└───┴────────────────┘\n"
        );
    }
}
