/** Contract tests for storages and clients. */
module dev.larder.testkit {
    exports dev.larder.testkit;
    // JUnit sets the field that says in which of the two ways a contract runs.
    opens dev.larder.testkit;

    requires transitive dev.larder.core;
    requires transitive org.junit.jupiter.api;
    requires transitive org.junit.jupiter.params;
    requires java.logging;
    requires org.assertj.core;
    // What ClientContract's origin for HTTP/2 is made of: whoever tests a client has it on the class path.
    requires static mockwebserver3;
    requires static okhttp3.tls;
    requires static okhttp3;
    requires static okio;
    requires static transitive org.jspecify;
}
