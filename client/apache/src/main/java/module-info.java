/** Apache HttpClient 5 with a cache. */
module dev.larder.client.apache {
    exports dev.larder.client.apache;

    requires transitive dev.larder.core;
    requires transitive org.apache.httpcomponents.client5.httpclient5;
    requires transitive org.apache.httpcomponents.core5.httpcore5;
    requires static transitive org.jspecify;
}
