/** Contract tests for storages and clients. */
module dev.larder.testkit {
    exports dev.larder.testkit;
    // JUnit sets the field that says in which of the two ways a contract runs.
    opens dev.larder.testkit;

    requires transitive dev.larder.core;
    requires transitive org.junit.jupiter.api;
    requires transitive org.junit.jupiter.params;
    requires org.assertj.core;
    requires static transitive org.jspecify;
}
