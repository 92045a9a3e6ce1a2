package authntest

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxBody bounds what a server reads of a request.
const maxBody = 1 << 20

// server is what the fixtures that listen have in common: TLS under a CA of its
// own, and ways to fail.
type server struct {
	t       T
	ca      *CA
	tls     *tls.Config
	client  *http.Transport
	seen    func(path string, body []byte) // told of each request as it arrives
	genuine http.Handler                   // answers unless override does

	mu       sync.Mutex
	addr     string // kept over Stop and Start
	override http.Handler
	paths    map[string]http.Handler
	delay    time.Duration
	stop     func() // nil while stopped
}

// newServer returns a server that runs until t's cleanup.
func newServer(t T, genuine http.Handler, seen func(path string, body []byte)) *server {
	t.Helper()
	ca := NewCA(t)
	cert := ca.IssueServer([]string{"127.0.0.1", "localhost"})
	s := &server{
		t:       t,
		ca:      ca,
		tls:     &tls.Config{Certificates: []tls.Certificate{*cert}},
		client:  &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Roots()}},
		seen:    seen,
		genuine: genuine,
		addr:    "127.0.0.1:0",
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// URL returns the server's address, https://127.0.0.1:port. It stays the same
// over Stop and Start.
func (s *server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "https://" + s.addr
}

// Client returns a client that trusts the server's CA and no other.
func (s *server) Client() *http.Client { return &http.Client{Transport: s.client} }

// CAPEM returns the root of the server's certificate as a PEM block.
func (s *server) CAPEM() []byte { return s.ca.PEM() }

// Serve has h answer every request. Nil mends it: the server answers again.
func (s *server) Serve(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.override = h
}

// Handle has h answer the requests for a path, unless Serve has taken them all:
// for what an issuer may have besides its keys, such as a source of claims. Nil
// takes it back.
func (s *server) Handle(path string, h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paths == nil {
		s.paths = make(map[string]http.Handler)
	}
	s.paths[path] = h
}

// Delay holds back every answer to the requests that come from now on, for d or
// until the client has left. Zero answers at once.
func (s *server) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Stop closes the listener and every connection: the server is down. It does
// nothing when it is down already.
func (s *server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// Start listens again where the server listened before. It does nothing when
// the server is up.
func (s *server) Start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		return
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatalf("authntest: %v", err)
	}
	s.addr = l.Addr().String()
	s.stop = s.run(l)
}

// run serves l until the function it returns is called.
func (s *server) run(l net.Listener) (stop func()) {
	srv := &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		TLSConfig:         s.tls.Clone(),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that refuse our CA are part of the test
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.ServeTLS(l, "", "")
	}()
	return func() {
		l.Close()
		<-done // now the server knows of every connection, and closes them all
		srv.Close()
		s.client.CloseIdleConnections()
	}
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	// The body is read first: net/http notices that the client has left only
	// when there is nothing more to read.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(w, "unreadable body", http.StatusBadRequest)
		return
	}
	s.seen(r.URL.Path, body)
	s.mu.Lock()
	delay, h := s.delay, s.override
	if h == nil {
		h = s.paths[r.URL.Path]
	}
	s.mu.Unlock()
	if h == nil {
		h = s.genuine
	}
	if wait(r.Context(), delay) {
		r = r.WithContext(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	}
	if r.Context().Err() != nil {
		// To return would send a 200, empty if h has waited for this, and a client
		// that is just leaving may still read it.
		panic(http.ErrAbortHandler)
	}
}

// wait reports whether ctx has lasted for d.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Status returns a handler that answers with code and its text, for the Serve
// methods of [Issuer] and [Reviewer].
func Status(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, http.StatusText(code), code)
	})
}
