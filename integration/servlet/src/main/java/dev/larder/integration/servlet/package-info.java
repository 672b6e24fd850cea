/** Caches the responses of a servlet application. */
@NullMarked
package dev.larder.integration.servlet;

import org.jspecify.annotations.NullMarked;
