package dev.larder.client.okhttp;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;

/** The part of {@link Wire} that has to be next to the network. */
final class WireInterceptor implements Interceptor {
    static final WireInterceptor INSTANCE = new WireInterceptor();

    private WireInterceptor() {}

    @Override
    public Response intercept(Chain chain) throws IOException {
        return Wire.of(chain.call()).hide(chain.proceed(chain.request()));
    }
}
