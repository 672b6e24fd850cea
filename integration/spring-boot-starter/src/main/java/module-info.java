/** Auto-configuration of a cache for Spring Boot. Open, because Spring makes its beans by reflection. */
@SuppressWarnings("NotJavadoc") // It is: the check does not know open modules.
open module dev.larder.integration.spring.boot {
    exports dev.larder.integration.spring.boot;

    requires transitive dev.larder.client.spring;
    requires transitive spring.boot;
    requires transitive spring.boot.autoconfigure;
    requires spring.beans;
    requires spring.context;
    requires static transitive spring.boot.http.client;
    requires static transitive spring.boot.restclient;
    requires static transitive spring.boot.webclient;
    requires static transitive spring.boot.health;
    requires static transitive spring.boot.actuator;
    requires static transitive spring.boot.actuator.autoconfigure;
    requires static transitive dev.larder.integration.micrometer;
    requires static spring.webflux;
    requires static transitive org.jspecify;
}
