package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MethodsTest {

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
    @DisplayName("R9110-029, R10008-001 safe methods")
    void safe(String method) {
        assertThat(Methods.isSafe(method)).isTrue();
        assertThat(new RequestHead(method, TargetUri.parse("http://a/"), HttpFields.EMPTY).isSafe())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "CONNECT", "M-SEARCH", "FOO", "get", "Get", ""})
    @DisplayName("R9110-029 every other method is unsafe, unknown ones and other cases too")
    void unsafe(String method) {
        assertThat(Methods.isSafe(method)).isFalse();
    }
}
