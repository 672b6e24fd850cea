/** Contract tests for storages and clients. */
module dev.larder.testkit {
    requires transitive dev.larder.core;
    requires transitive org.junit.jupiter.api;
    requires transitive org.junit.jupiter.params;
    requires org.assertj.core;
    requires static transitive org.jspecify;
}
