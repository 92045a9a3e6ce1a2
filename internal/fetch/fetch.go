// Package fetch asks other servers, within bounds: https, no redirects, and no
// more read than anybody needs.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authnchain/authnchain/internal/clip"
)

// MaxBody is how many bytes of an answer are read. A longer one is an error.
const MaxBody = 1 << 20

const maxHeader = 64 << 10

// CheckURL says why a URL may not be asked: it is not https, has a user or a
// fragment, or no host. With loopback, http is fine too where the host is a
// loopback address or localhost.
func CheckURL(raw string, loopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return errors.New("required")
	case err != nil:
		return errors.New("not a URL")
	case u.Host == "" || u.Hostname() == "":
		return errors.New("has no host")
	case u.User != nil:
		return errors.New("must not have a user or a password")
	case u.Fragment != "":
		return errors.New("must not have a fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("must be https")
}

// Redact returns a URL, right or wrong, without what may be a secret in it: all
// before an at sign, and the query.
func Redact(raw string) string {
	raw, _, query := strings.Cut(raw, "?")
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		raw = "…" + raw[i:]
	}
	if query {
		raw += "?…"
	}
	return raw
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Client returns a copy of c that follows no redirects and keeps no cookies. If c
// or its transport is nil, the settings are those of [http.DefaultTransport], but
// no huge headers are read, and all idle connections may be to one host.
func Client(c *http.Client) *http.Client {
	var client http.Client
	if c != nil {
		client = *c
	}
	if t, ok := http.DefaultTransport.(*http.Transport); ok && client.Transport == nil {
		t = t.Clone()
		t.MaxResponseHeaderBytes = maxHeader
		t.MaxIdleConnsPerHost = t.MaxIdleConns // there is one host; the default keeps two connections to it
		client.Transport = t
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Jar = nil
	return &client
}

// Answer is what a server said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends req and returns the answer, if its status is one of want and its body
// at most [MaxBody] bytes.
func Do(c *http.Client, req *http.Request, want ...int) (*Answer, error) {
	return DoMax(c, req, MaxBody, want...)
}

// DoMax is [Do] for an answer of at most max bytes.
func DoMax(c *http.Client, req *http.Request, max int, want ...int) (*Answer, error) {
	if c.Timeout > 0 {
		ctx, cancel := context.WithTimeout(req.Context(), c.Timeout)
		defer cancel()
		req = req.WithContext(ctx)
	}
	if err := req.Context().Err(); err != nil {
		return nil, failed(req, err)
	}
	resp, err := transport(c).RoundTrip(req) // what c itself would add are redirects and cookies
	switch {
	case err != nil:
		return nil, failed(req, err)
	case resp == nil || resp.Body == nil:
		return nil, failed(req, errors.New("no answer and no error"))
	}
	defer resp.Body.Close()
	if !slices.Contains(want, resp.StatusCode) {
		return nil, failed(req, &StatusError{resp.StatusCode, retryAfter(resp.Header)})
	}
	body, err := read(resp, max)
	if err != nil {
		return nil, failed(req, fmt.Errorf("reading the answer: %w", err))
	}
	if len(body) > max {
		return nil, failed(req, TooLongError(max))
	}
	return &Answer{resp.StatusCode, resp.Header, body}, nil
}

func transport(c *http.Client) http.RoundTripper {
	if c.Transport == nil {
		return http.DefaultTransport
	}
	return c.Transport
}

// read reads a body, or a byte more than most of it. It is io.ReadAll, but for the room
// to begin with.
func read(resp *http.Response, most int) ([]byte, error) {
	const usual = 4 << 10 // no more is made room for because somebody says so
	room := max(0, min(resp.ContentLength, usual)) + 512
	body := make([]byte, 0, room)
	for from := io.LimitReader(resp.Body, int64(most)+1); ; {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// failed returns an error that says what was asked of whom. err may quote what
// the server sent.
func failed(req *http.Request, err error) error {
	var said *url.Error
	if errors.As(err, &said) {
		err = said.Err // the rest is said here
	}
	return fmt.Errorf("%s %s: %w", req.Method, clip.Text(Redact(req.URL.String())), clip.Error(err))
}

// TooLongError is an answer with more than so many bytes.
type TooLongError int

func (e TooLongError) Error() string { return fmt.Sprintf("the answer has more than %d bytes", int(e)) }

// StatusError is an answer with a status that was not wanted.
type StatusError struct {
	Code       int
	RetryAfter time.Duration // that the server asked for, at most [MaxRetryAfter]; zero: it did not
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d", e.Code) }

// MaxRetryAfter is how long a server may ask to be left alone.
const MaxRetryAfter = 5 * time.Minute

// RetryAfterOf returns when to ask again, by a StatusError or a CrowdedError in err. Zero
// means that nobody knows.
func RetryAfterOf(err error) time.Duration {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.RetryAfter
	}
	if _, crowded := errors.AsType[CrowdedError](err); crowded {
		return time.Second
	}
	return 0
}

// retryAfter reads seconds (RFC 9110, section 10.2.3); a date is not read.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, MaxRetryAfter)
}
