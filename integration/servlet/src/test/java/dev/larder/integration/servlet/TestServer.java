package dev.larder.integration.servlet;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** A real container with an application that a test writes, path by path, and filters in front of it. */
final class TestServer implements AutoCloseable {
    /** What the application does at a path. */
    @FunctionalInterface
    interface App {
        void serve(HttpServletRequest request, HttpServletResponse response) throws Exception;
    }

    private final Map<String, App> apps = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
    private final Server server;
    private final ServletContextHandler context;

    TestServer(EnumSet<DispatcherType> types, List<Filter> filters) throws Exception {
        QueuedThreadPool threads = new QueuedThreadPool(60);
        threads.setDaemon(true);
        server = new Server(threads);
        server.addConnector(new ServerConnector(server));
        context = new ServletContextHandler("/", ServletContextHandler.SESSIONS);
        for (Filter filter : filters) {
            FilterHolder holder = new FilterHolder(filter);
            holder.setAsyncSupported(true);
            context.addFilter(holder, "/*", types);
        }
        ServletHolder servlet = new ServletHolder(new Application());
        servlet.setAsyncSupported(true);
        context.addServlet(servlet, "/*");
        server.setHandler(context);
        server.start();
    }

    private final class Application extends HttpServlet {
        private static final long serialVersionUID = 1L;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response)
                throws ServletException, IOException {
            String path = request.getDispatcherType() == DispatcherType.INCLUDE
                    ? (String) request.getAttribute(RequestDispatcher.INCLUDE_REQUEST_URI)
                    : request.getRequestURI();
            calls.computeIfAbsent(path, absent -> new AtomicInteger()).incrementAndGet();
            try {
                apps.getOrDefault(path, (req, res) -> res.sendError(404)).serve(request, response);
            } catch (ServletException | IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new ServletException(e);
            }
        }
    }

    void on(String path, App app) {
        apps.put(path, app);
    }

    /** How often the application was asked. */
    int calls(String path) {
        AtomicInteger count = calls.get(path);
        return count == null ? 0 : count.get();
    }

    int port() {
        return ((ServerConnector) server.getConnectors()[0]).getLocalPort();
    }

    URI uri(String path) {
        return URI.create("http://localhost:" + port() + path);
    }

    ServletContextHandler context() {
        return context;
    }

    @Override
    public void close() throws Exception {
        server.stop();
    }
}
