package jwt

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// ownURL returns where a request says that it was sent to, and "" if another URL than
// that could be read out of it.
func ownURL(r *http.Request) string {
	scheme := "https"
	if r.TLS == nil {
		scheme = "http"
	}
	u := target(r)
	if u.Opaque != "" || strings.ContainsAny(r.Host, `/\?#@`) { // which HTTP/2 lets through
		return ""
	}
	path := u.EscapedPath()
	if path == "*" {
		path = "" // RFC 9110, section 7.1
	}
	return scheme + "://" + r.Host + path
}

// target returns the target of a request as it came: handlers before this one, such as
// http.StripPrefix's, change r.URL.
func target(r *http.Request) *url.URL {
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		return u
	}
	return r.URL // of a request that came over no connection
}

// normalURL returns an absolute http URL as it is compared: without query and
// fragment (RFC 9449, section 4.3), and with what RFC 3986, sections 6.2.2 and 6.2.3,
// lets one write in more than one way written in one. Dots in the path stay: servers
// do not agree on them.
func normalURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "https" && scheme != "http" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", errors.New("not an http URL")
	}
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme])
	host = strings.TrimSuffix(host, ":")
	if host == "" {
		return "", errors.New("no host")
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + normalEscapes(path), nil
}

// normalEscapes writes the escapes of a path in capitals, and unescapes what need not
// be escaped.
func normalEscapes(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c != '%' || i+2 >= len(path) {
			b.WriteByte(c)
			continue
		}
		escape := strings.ToUpper(path[i : i+3])
		if text, err := url.PathUnescape(escape); err == nil && isUnreserved(text) {
			escape = text
		}
		b.WriteString(escape)
		i += 2
	}
	return b.String()
}

// isUnreserved reports whether a character need not be escaped (RFC 3986, section
// 2.3).
func isUnreserved(c string) bool {
	return len(c) == 1 && (strings.IndexByte("-._~", c[0]) >= 0 ||
		'a' <= c[0] && c[0] <= 'z' || 'A' <= c[0] && c[0] <= 'Z' || '0' <= c[0] && c[0] <= '9')
}
