//! Charts as SVG: bars and lines below each other on one page.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width of the page, in pixels.
const WIDTH: u32 = 960;
/// Height of one chart with its title and labels, in pixels.
const HEIGHT: u32 = 340;
/// Space for the labels below, which stand upright, in pixels.
const BELOW: u32 = 110;
/// Most labels below; of more, only some are written.
const LABELS_MAX: usize = 40;

/// Height of the plot against the largest value: the legend needs room above the bars.
const HEADROOM: f64 = 1.4;

const COLORS: [RGBColor; 2] = [RGBColor(0x25, 0x63, 0xeb), RGBColor(0xf5, 0x9e, 0x0b)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// One series of a chart.
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Values, one per label.
    pub values: Vec<f64>,
}

/// How a chart is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Bars side by side.
    Bars,
    /// Lines.
    Lines,
}

/// A chart.
pub struct Chart {
    /// Title.
    pub title: String,
    /// Labels below.
    pub labels: Vec<String>,
    /// Series, at most as many as there are colors.
    pub series: Vec<Series>,
    /// How it is drawn.
    pub kind: ChartKind,
}

/// Draws charts below each other.
///
/// # Errors
/// What the drawing library could not do, in its words.
pub fn page(charts: &[Chart]) -> Result<String, String> {
    let mut svg = String::new();
    let height = HEIGHT.saturating_mul(u32::try_from(charts.len()).unwrap_or(1).max(1));
    draw(charts, &SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area())
        .map_err(|error| error.to_string())?;
    Ok(svg)
}

fn draw(charts: &[Chart], page: &Area<'_>) -> Drawn {
    page.fill(&WHITE)?;
    for (chart, area) in charts.iter().zip(page.split_evenly((charts.len().max(1), 1))) {
        draw_chart(chart, &area)?;
    }
    page.present()?;
    Ok(())
}

#[expect(clippy::arithmetic_side_effects, reason = "elements of a drawing are added up, not numbers")]
fn draw_chart(chart: &Chart, area: &Area<'_>) -> Drawn {
    let largest = chart.series.iter().flat_map(|series| &series.values).fold(0.0_f64, |top, value| top.max(*value));
    let mut context = ChartBuilder::on(area)
        .caption(&chart.title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(BELOW)
        .y_label_area_size(60)
        .build_cartesian_2d(-0.5..number(chart.labels.len()) - 0.5, 0.0..largest.max(1.0) * HEADROOM)?;
    context
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(0)
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()?;
    let upright = ("sans-serif", 11).into_font().transform(FontTransform::Rotate90);
    let style = TextStyle::from(upright).pos(Pos::new(HPos::Left, VPos::Center));
    let every = chart.labels.len().div_ceil(LABELS_MAX).max(1);
    context.draw_series(chart.labels.iter().enumerate().step_by(every).map(|(index, label)| {
        EmptyElement::at((number(index), 0.0)) + Text::new(label.clone(), (0, 8), style.clone())
    }))?;
    let bar = 0.8 / number(chart.series.len()).max(1.0);
    let mut left = -0.4;
    for (series, color) in chart.series.iter().zip(COLORS) {
        let points = series.values.iter().enumerate().map(|(index, value)| (number(index), *value));
        let drawn =
            match chart.kind {
                ChartKind::Bars => context.draw_series(points.map(|(x, value)| {
                    Rectangle::new([(x + left, 0.0), (x + left + bar * 0.95, value)], color.filled())
                }))?,
                ChartKind::Lines => context.draw_series(LineSeries::new(points, color.stroke_width(2)))?,
            };
        drawn.label(&series.name).legend(move |(x, y)| Circle::new((x.saturating_add(5), y), 5, color.filled()));
        left += bar;
    }
    context
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 12))
        .draw()?;
    Ok(())
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(name: &str, kind: ChartKind, values: Vec<f64>) -> Chart {
        let labels = (0..values.len()).map(|index| format!("rep {index}")).collect();
        Chart { title: "t".to_owned(), labels, series: vec![Series { name: name.to_owned(), values }], kind }
    }

    #[test]
    fn names_cannot_break_the_drawing() {
        let drawing = page(&[chart("<a & \"b\">", ChartKind::Bars, vec![1.0, 2.0])]).unwrap();
        assert!(drawing.contains("&lt;a &amp; &quot;b&quot;&gt;"), "{drawing}");
        assert!(drawing.contains("rep 0") && drawing.contains("rep 1"), "{drawing}");
    }

    #[test]
    fn nothing_to_draw_is_an_empty_chart() {
        for kind in [ChartKind::Bars, ChartKind::Lines] {
            assert!(page(&[chart("none", kind, vec![])]).unwrap().contains("</svg>"));
            assert!(page(&[chart("zero", kind, vec![0.0])]).unwrap().contains("rep 0"));
        }
        assert!(page(&[]).unwrap().contains("</svg>"));
    }
}
