/** Storage in S3. */
@NullMarked
package dev.larder.storage.s3;

import org.jspecify.annotations.NullMarked;
