//! Tables whose cells are words of anybody's: each cell is as [`Foreign`](super::Foreign) words are.

use std::fmt::Display;

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

use super::text::{cell, width_of, wrapped};

/// Letters of a cell that are shown.
const CELL: usize = 300;
/// Columns of a terminal that a text is not pressed into less of.
const NARROW: usize = 12;

/// A line under the header and nothing else: hundreds of rows stay readable.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none().junction(' '));

/// A table. What stands in a row's first column should be the host's own, or begin with it: a line
/// that begins with somebody else's words can look like a line of the host's.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    numbers: Vec<usize>,
}

impl Table {
    /// A table with these columns.
    pub fn new(header: impl IntoIterator<Item = impl Display>) -> Self {
        Self { header: cells(header), rows: Vec::new(), numbers: Vec::new() }
    }

    /// These columns, counted from 0, are numbers: they stand at the right, and are never broken.
    #[must_use]
    pub fn numbers(mut self, columns: &[usize]) -> Self {
        self.numbers = columns.to_vec();
        self
    }

    pub fn row(&mut self, cells_of_row: impl IntoIterator<Item = impl Display>) {
        self.rows.push(cells(cells_of_row));
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its lines, of at most this width where texts can be broken so far.
    pub(super) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let mut widths: Vec<usize> = self.header.iter().map(|cell| width_of(cell)).collect();
        for row in &self.rows {
            for (column, cell) in widths.iter_mut().zip(row) {
                *column = (*column).max(width_of(cell));
            }
        }
        if let Some(width) = width {
            self.narrow(&mut widths, width);
        }
        let mut table = comfy_table::Table::new();
        table
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(&self.header);
        for row in &self.rows {
            table.add_row(
                row.iter().zip(&widths).map(|(cell, width)| wrapped(cell, *width, "").join("\n")),
            );
        }
        for &column in &self.numbers {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = table.to_string();
        let lines = lines.lines().enumerate().map(|(index, line)| match (index, width) {
            // The line under the header need not be longer than what shows it.
            (1, Some(width)) => line.chars().take(width).collect(),
            _ => line.trim_end().to_owned(),
        });
        lines.collect()
    }

    /// Takes from the widest texts what the table is too wide.
    fn narrow(&self, widths: &mut [usize], width: usize) {
        // Each column has a blank at both its sides.
        let mut excess = (widths.iter().sum::<usize>() + 3 * widths.len()).saturating_sub(width);
        while excess > 0 {
            let texts = (0..widths.len()).filter(|column| !self.numbers.contains(column));
            let Some(widest) = texts.max_by_key(|column| widths[*column]) else { return };
            if widths[widest] <= NARROW {
                return;
            }
            widths[widest] -= 1;
            excess -= 1;
        }
    }
}

fn cells(cells: impl IntoIterator<Item = impl Display>) -> Vec<String> {
    cells.into_iter().map(|words| cell(&words.to_string(), CELL)).collect()
}
