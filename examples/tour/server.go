package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509"
)

// server is the HTTPS server with the chain.
type server struct {
	http     http.Server
	listener net.Listener
	traces   tracer
	cert     *tls.Certificate
	caFile   string // what its clients must trust
	dir      string // for files of this run
}

// start returns a server that is ready for connections. The members of
// operators may see /platform.
func start(p *process, s *settings, auth authenticator.Request, operators string, stderr io.Writer) (*server, error) {
	srv := &server{traces: tracer{log: stderr}}
	var err error
	if srv.dir, err = folder(p); err != nil {
		return nil, err
	}
	if srv.cert, srv.caFile, err = s.serverCertificate(p, srv.dir); err != nil {
		return nil, err
	}
	if srv.listener, err = net.Listen("tcp", s.listen); err != nil {
		return nil, fmt.Errorf("-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /whoami", whoami)
	mux.HandleFunc("GET /platform", onlyFor(operators))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	chain := authn.Middleware{Authenticator: auth, Realm: "tour", Observe: observe}
	config := x509.TLSConfig()
	config.Certificates = []tls.Certificate{*srv.cert}
	srv.http = http.Server{
		Handler:           srv.traces.wrap(chain.Wrap(mux)),
		TLSConfig:         config,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(stderr, "tour: ", 0),
	}
	return srv, nil
}

// url is how a client on this machine reaches the server.
func (s *server) url() string {
	addr := s.listener.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		return fmt.Sprintf("https://127.0.0.1:%d", addr.Port)
	}
	return "https://" + addr.String()
}

// serve serves until ctx ends, and then for as long as requests are under way,
// two seconds at most.
func (s *server) serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.ServeTLS(s.listener, "", "") }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // there is nobody left to tell
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// identity is a user as Kubernetes' UserInfo writes it.
type identity struct {
	Username string              `json:"username"`
	UID      string              `json:"uid,omitempty"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra,omitempty"`
}

// whoami tells callers who they are.
func whoami(w http.ResponseWriter, r *http.Request) {
	u, _ := authn.UserFrom(r.Context())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(identity{u.GetName(), u.GetUID(), u.GetGroups(), u.GetExtra()}) // the caller may have left
}

// onlyFor is all the authorization there is here: who is calling is known by
// now, and whether they may is another question, with another status.
func onlyFor(group string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		u, _ := authn.UserFrom(r.Context())
		if !slices.Contains(u.GetGroups(), group) {
			http.Error(w, fmt.Sprintf("forbidden: User %q cannot get path %q", u.GetName(), r.URL.Path), http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, "welcome to the platform")
	}
}
