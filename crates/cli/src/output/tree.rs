//! An outline with branches, for people.

/// A line and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTree {
    text: String,
    parts: Vec<Self>,
}

impl TextTree {
    /// A line without parts.
    pub fn leaf(text: impl Into<String>) -> Self {
        Self { text: text.into(), parts: Vec::new() }
    }

    /// A line with its parts.
    pub fn new(text: impl Into<String>, parts: impl IntoIterator<Item = Self>) -> Self {
        Self { text: text.into(), parts: parts.into_iter().collect() }
    }

    /// The outline, one line each.
    pub fn render(&self) -> String {
        let mut out = format!("{}\n", self.text);
        self.render_parts("", &mut out);
        out
    }

    fn render_parts(&self, indent: &str, out: &mut String) {
        for (index, part) in self.parts.iter().enumerate() {
            let is_last = index.saturating_add(1) == self.parts.len();
            let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            out.push_str(indent);
            out.push_str(branch);
            out.push_str(&part.text);
            out.push('\n');
            part.render_parts(&format!("{indent}{below}"), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_end_where_their_parts_end() {
        let tree = TextTree::new("a", [TextTree::new("b", [TextTree::leaf("c")]), TextTree::leaf("d")]);
        assert_eq!(tree.render(), "a\n├─ b\n│  └─ c\n└─ d\n");
    }
}
