package dev.larder.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A table for people: columns side by side, long cells wrapped. Cells are safe text; colours are added here. */
final class Table {
    private static final String GAP = "  ";

    private final List<Column> columns = new ArrayList<>();
    private final List<Row> rows = new ArrayList<>();

    private record Column(String title, int most, boolean right) {}

    private record Row(
            List<String> cells, int painted, @Nullable Colour colour) {}

    /** A column as wide as its longest cell. */
    Table column(String title) {
        columns.add(new Column(title, Integer.MAX_VALUE, false));
        return this;
    }

    /** A column of figures. */
    Table figures(String title) {
        columns.add(new Column(title, Integer.MAX_VALUE, true));
        return this;
    }

    /** A column whose cells are wrapped to a width. */
    Table wrapped(String title, int most) {
        columns.add(new Column(title, most, false));
        return this;
    }

    Table row(String... cells) {
        rows.add(new Row(List.of(cells), -1, null));
        return this;
    }

    /** A row with one cell in a colour. */
    Table row(int painted, Colour colour, String... cells) {
        rows.add(new Row(List.of(cells), painted, colour));
        return this;
    }

    /** A line of its own below the last row. */
    Table note(String text) {
        rows.add(new Row(List.of(text), -1, null));
        return this;
    }

    /** Prints it all. */
    void print(Console console, String indent) {
        int[] widths = widths();
        List<String> titles = new ArrayList<>();
        columns.forEach(column -> titles.add(column.title()));
        if (!String.join("", titles).isEmpty()) {
            console.line(console.paint(Colour.BOLD, indent + line(titles, widths, -1, null, console)));
        }
        for (Row row : rows) {
            print(row, widths, console, indent);
        }
    }

    private void print(Row row, int[] widths, Console console, String indent) {
        if (isNote(row)) {
            wrap(row.cells().get(0), console.columns() - indent.length() - GAP.length())
                    .forEach(line -> console.line(console.paint(Colour.FAINT, indent + GAP + line)));
            return;
        }
        List<List<String>> wrapped = new ArrayList<>();
        int height = 1;
        for (int i = 0; i < columns.size(); i++) {
            List<String> lines = wrap(row.cells().get(i), widths[i]);
            wrapped.add(lines);
            height = Math.max(height, lines.size());
        }
        for (int y = 0; y < height; y++) {
            List<String> cells = new ArrayList<>();
            for (List<String> lines : wrapped) {
                cells.add(y < lines.size() ? lines.get(y) : "");
            }
            console.line(indent + line(cells, widths, row.painted(), row.colour(), console));
        }
    }

    private boolean isNote(Row row) {
        return row.cells().size() < columns.size();
    }

    private int[] widths() {
        int[] widths = new int[columns.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = columns.get(i).title().length();
            for (Row row : rows) {
                widths[i] = isNote(row)
                        ? widths[i]
                        : Math.max(widths[i], row.cells().get(i).length());
            }
            widths[i] = Math.min(widths[i], columns.get(i).most());
        }
        return widths;
    }

    private String line(List<String> cells, int[] widths, int painted, @Nullable Colour colour, Console console) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            String cell = cells.get(i);
            String padding = " ".repeat(Math.max(0, widths[i] - cell.length()));
            String shown = i == painted && colour != null && !cell.isEmpty() ? console.paint(colour, cell) : cell;
            boolean right = columns.get(i).right();
            boolean last = i == cells.size() - 1;
            line.append(right ? padding : "").append(shown).append(right || last ? "" : padding);
            line.append(last ? "" : GAP);
        }
        return line.toString().stripTrailing();
    }

    /** Breaks at spaces, and within words that are too long. */
    static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        String rest = text;
        while (rest.length() > width) {
            int space = rest.lastIndexOf(' ', width);
            int end = space > 0 ? space : width;
            lines.add(rest.substring(0, end));
            rest = rest.substring(end).stripLeading();
        }
        lines.add(rest);
        return lines;
    }
}
