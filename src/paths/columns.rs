//! Rows of text in columns, and lines in color.

/// The head of a column, and whether it is aligned to the right.
pub(super) type Head = (&'static str, bool);

/// Returns a line for the heads and one for each row, each column as wide as its widest cell.
pub(super) fn align<const N: usize>(heads: [Head; N], rows: &[[String; N]]) -> Vec<String> {
    let head = heads.map(|(head, _)| head.to_owned());
    let all: Vec<&[String; N]> = std::iter::once(&head).chain(rows).collect();
    let width = |n: usize| all.iter().map(|row| row[n].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &&[String; N]| {
        let cells = row.iter().zip(widths).zip(heads).map(|((cell, width), (_, is_right))| {
            if is_right { format!("{cell:>width$}  ") } else { format!("{cell:<width$}  ") }
        });
        cells.collect::<String>().trim_end().to_owned()
    };
    all.iter().map(line).collect()
}

/// Returns a line with its end, in a color of the terminal (an SGR code) if one is given.
pub(super) fn paint(line: &str, color: Option<u8>) -> String {
    match color {
        Some(color) => format!("\x1b[{color}m{line}\x1b[0m\n"),
        None => format!("{line}\n"),
    }
}
