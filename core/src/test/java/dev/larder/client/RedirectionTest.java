package dev.larder.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedirectionTest {
    private static RequestHead request(String method, String... fields) {
        return new RequestHead(method, TargetUri.parse("https://a.example/b/c?d"), HttpFields.of(fields));
    }

    private static RequestHead next(RequestHead request, int status, String location) {
        return Redirection.next(request, new ResponseHead(status, HttpFields.of("Location", location)));
    }

    @ParameterizedTest
    @CsvSource({
        "301,GET,GET",
        "301,HEAD,HEAD",
        "301,POST,GET",
        "301,PUT,PUT",
        "302,POST,GET",
        "302,DELETE,DELETE",
        "303,POST,GET",
        "303,PUT,GET",
        "303,HEAD,HEAD",
        "307,POST,POST",
        "308,PUT,PUT"
    })
    void theMethodFollowsTheStatus(int status, String method, String expected) {
        assertThat(next(request(method), status, "/x").method()).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 201, 300, 304, 305, 306, 399, 404})
    void otherStatusesDoNotRedirect(int status) {
        assertThat(next(request("GET"), status, "/x")).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "/x, https://a.example/x",
        "x, https://a.example/b/x",
        "?y, https://a.example/b/c?y",
        "//b.example/x, https://b.example/x",
        "https://a.example:8443/x, https://a.example:8443/x"
    })
    void locationsAreResolved(String location, String expected) {
        assertThat(next(request("GET"), 302, location).uri()).hasToString(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://a.example/x", "ftp://a.example/x", "file:///etc/passwd", "http://", "/a b", "//[::1"})
    void whatMustNotBeFollowedIsNot(String location) {
        assertThat(next(request("GET"), 302, location)).isNull();
    }

    @Test
    void withoutALocationThereIsNothingToFollow() {
        assertThat(Redirection.next(request("GET"), new ResponseHead(302, HttpFields.EMPTY)))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "/x, true",
        "https://a.example:443/x, true",
        "https://b.example/x, false",
        "https://a.example:8443/x, false"
    })
    void credentialsStayWithTheirOrigin(String location, boolean same) {
        RequestHead request = request(
                "GET", "Authorization", "Bearer x", "Cookie", "a=b", "Host", "a.example", "Accept", "text/plain");
        HttpFields sent = next(request, 302, location).fields();
        assertThat(sent.contains("Authorization")).isEqualTo(same);
        assertThat(sent.contains("Cookie")).isEqualTo(same);
        assertThat(sent.contains("Host")).isEqualTo(same);
        assertThat(sent.first("Accept")).isEqualTo("text/plain");
    }

    @Test
    void fieldsOfContentGoWithIt() {
        RequestHead request = request("POST", "Content-Type", "text/plain", "Content-Length", "3", "X-A", "1");
        assertThat(next(request, 303, "/x").fields()).isEqualTo(HttpFields.of("X-A", "1"));
        assertThat(next(request, 307, "/x").fields()).isEqualTo(request.fields());
    }
}
