package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/jwt"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// maxInput is how many bytes of token or of claims are read.
const maxInput = 1 << 20

// dryRun makes the report.
func dryRun(ctx context.Context, s *settings, stdin io.Reader) (*report, error) {
	auth, err := s.authenticator()
	if err != nil {
		return nil, &inputError{"config", err}
	}
	text, err := s.input.read(stdin)
	if err != nil {
		return nil, &inputError{s.input.flag, err}
	}
	if !s.input.claims {
		return newReport(auth.DryRun(ctx, text), auth.Warnings()), nil
	}
	r, err := auth.DryRunClaims(ctx, text)
	if err != nil {
		return nil, &inputError{s.input.flag, err}
	}
	return newReport(r, auth.Warnings()), nil
}

// inputError is an error and the flag that it is about.
type inputError struct {
	flag string
	err  error
}

func (e *inputError) Error() string { return "-" + e.flag + ": " + e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func (s *settings) authenticator() (*authconfig.Authenticator, error) {
	data, err := readFile(s.config, authconfig.MaxConfig)
	if err != nil {
		return nil, err
	}
	o := &authconfig.Options{DisallowedIssuers: s.disallowed, Egress: nowhere}
	o.DistributedClaims.Hosts = s.hosts
	if s.anyType {
		o.Types = []string{jwt.AnyType}
	}
	if !s.now.IsZero() {
		o.Now = func() time.Time { return s.now }
	}
	return authconfig.Parse(data, o)
}

// nowhere makes a configuration valid that reaches an issuer in a way of its own.
// Nobody is reached here.
func nowhere(apiserver.EgressSelectorType) (authconfig.Dialer, error) {
	return func(context.Context, string, string) (net.Conn, error) { return nil, errOffline }, nil
}

var errOffline = errors.New("authcheck asks nobody")

// read returns the token or the claims.
func (i input) read(stdin io.Reader) (string, error) {
	data := []byte(i.value)
	var err error
	switch {
	case i.value == "-":
		data, err = readAll(stdin, maxInput)
	case i.file:
		data, err = readFile(i.value, maxInput)
	}
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(data))
	if !i.claims {
		text = withoutScheme(text)
	}
	if text == "" {
		return "", errors.New("is empty")
	}
	return text, nil
}

// withoutScheme returns what follows the scheme, in any case (RFC 9110, section
// 11.1), of what was copied out of a header.
func withoutScheme(text string) string {
	if scheme, rest, _ := strings.Cut(text, " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return text
}

// readFile reads a file. Its errors do not have the path in them, which may be a
// token in the wrong place.
func readFile(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	data, err := readAll(f, limit)
	return data, withoutPath(err)
}

func readAll(r io.Reader, limit int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(data) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}

func withoutPath(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return fmt.Errorf("cannot %s the file: %w", path.Op, path.Err)
	}
	return err
}
