package dev.larder.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON strictly, to check what is written: objects become maps, arrays lists, numbers longs. */
final class JsonReader {
    private final String text;
    private int at;

    private JsonReader(String text) {
        this.text = text;
    }

    static Object read(String text) {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value();
        reader.space();
        if (reader.at != text.length()) {
            throw reader.wrong("something follows");
        }
        return value;
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> readObjects(String text) {
        return (List<Map<String, Object>>) read(text);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> readObject(String text) {
        return (Map<String, Object>) read(text);
    }

    private AssertionError wrong(String what) {
        return new AssertionError("no JSON at " + at + ": " + what + ": " + text);
    }

    private void space() {
        while (at < text.length() && " \n\r\t".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char next() {
        if (at == text.length()) {
            throw wrong("it ends");
        }
        return text.charAt(at++);
    }

    private boolean eat(char c) {
        space();
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(char c) {
        if (!eat(c)) {
            throw wrong("expected " + c);
        }
    }

    private Object value() {
        space();
        if (eat('{')) {
            return object();
        }
        if (eat('[')) {
            return array();
        }
        if (eat('"')) {
            return string();
        }
        for (String literal : List.of("true", "false", "null")) {
            if (text.startsWith(literal, at)) {
                at += literal.length();
                return literal.equals("null") ? null : Boolean.valueOf(literal);
            }
        }
        int start = at;
        while (at < text.length() && "-0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        if (at == start) {
            throw wrong("no value");
        }
        return Long.valueOf(text.substring(start, at));
    }

    private Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        if (eat('}')) {
            return object;
        }
        do {
            expect('"');
            String name = string();
            expect(':');
            if (object.put(name, value()) != null) {
                throw wrong("a name twice: " + name);
            }
        } while (eat(','));
        expect('}');
        return object;
    }

    private List<Object> array() {
        List<Object> array = new ArrayList<>();
        if (eat(']')) {
            return array;
        }
        do {
            array.add(value());
        } while (eat(','));
        expect(']');
        return array;
    }

    private String string() {
        StringBuilder string = new StringBuilder();
        for (char c = next(); c != '"'; c = next()) {
            if (c < ' ') {
                throw wrong("a raw control character");
            }
            string.append(c == '\\' ? escape() : c);
        }
        return string.toString();
    }

    private char escape() {
        char c = next();
        if (c == 'u') {
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }
        if ("\"\\/".indexOf(c) < 0) {
            throw wrong("unexpected escape " + c);
        }
        return c;
    }
}
