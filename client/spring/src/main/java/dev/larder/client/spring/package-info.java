/** Caching for RestClient, RestTemplate, WebClient and HTTP interfaces. */
@NullMarked
package dev.larder.client.spring;

import org.jspecify.annotations.NullMarked;
