package parity

import (
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apiserver/pkg/authentication/user"
)

// expect notes what ours should have seen, and which deviations that is due to.
func (x *exchange) expect(all []requestDeviation) {
	expected, applied := x.after(all, "")
	x.expected = expected
	if x.same(x.upstream, expected) {
		return
	}
	for _, name := range applied {
		if without, _ := x.after(all, name); !x.same(without, expected) {
			x.explained = append(x.explained, name)
		}
	}
}

// after is what upstream makes of the request with all deviations but one, and
// which there were.
func (x *exchange) after(all []requestDeviation, but string) (s seen, applied []string) {
	changed := *x
	changed.header = x.header.Clone()
	var answers []func(*seen)
	for _, d := range all {
		if d.name == but || !d.applies(&changed) {
			continue
		}
		applied = append(applied, d.name)
		if d.change != nil {
			d.change(&changed)
		}
		if d.answer != nil {
			answers = append(answers, d.answer)
		}
	}
	s = changed.send(x.chains.upstream)
	for _, answer := range answers {
		answer(&s)
	}
	return s, applied
}

var (
	bearerScheme = regexp.MustCompile(`(?i)^[ \t]*bearer([^-!#$%&'*+.^_|~0-9a-z` + "`" + `]|$)`)
	bearerAlone  = regexp.MustCompile(`(?i)^[ \t]*bearer([^- !#$%&'*+.^_|~0-9a-z` + "`" + `]| [ \t]|[ \t]*$)`)
	bearerWords  = regexp.MustCompile(`(?i)^[ \t]*bearer [^ \t]+ +[^ \t]`)
	bearerToken  = regexp.MustCompile(`(?i)^[ \t]*bearer ([^ \t][^ ]*?)[ \t]*$`)
	otherwise    = regexp.MustCompile(`(?i)^(proxy[-_.]authorization|x[-_.]remote[-_.](user|uid|group|extra[-_.].*))$`)
)

// matches reports whether one of the Authorization headers does.
func (x *exchange) matches(form *regexp.Regexp) bool {
	for _, value := range x.header["Authorization"] {
		if form.MatchString(value) {
			return true
		}
	}
	return false
}

// token is what follows the scheme, if there is one header.
func (x *exchange) token() string {
	if headers := x.header["Authorization"]; len(headers) == 1 {
		if found := bearerToken.FindStringSubmatch(headers[0]); found != nil {
			return found[1]
		}
	}
	return ""
}

// misspelt are the headers that only ours removes.
func (x *exchange) misspelt() (names []string) {
	for name := range x.header {
		standard := strings.HasPrefix(name, "X-Remote-Extra-") || name == "X-Remote-User" || name == "X-Remote-Uid" || name == "X-Remote-Group"
		if otherwise.MatchString(name) && !standard {
			names = append(names, name)
		}
	}
	return names
}

func refuseToken(x *exchange) { x.header["Authorization"] = []string{"Bearer nobody-knows"} }

// unreachable has the webhook be asked about a token for which it is down.
func unreachable(x *exchange) { x.header["Authorization"] = []string{"Bearer hook-down"} }

// withoutEmptyGroup is dave of the token file as ours reads it, and anybody else as
// he is.
func withoutEmptyGroup(u user.Info) user.Info {
	if u == nil || u.GetName() != "dave" {
		return u
	}
	groups := slices.DeleteFunc(slices.Clone(u.GetGroups()), func(group string) bool { return group == "" })
	return &user.DefaultInfo{Name: u.GetName(), UID: u.GetUID(), Groups: groups, Extra: u.GetExtra()}
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

func isShort(c *x509.Certificate) bool { return 0 < rsaBits(c) && rsaBits(c) < 2048 }

func isLarge(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && (key.N.BitLen() > 4096 || key.E > 1<<17)
}

// rsaBits is 0 for other keys.
func rsaBits(c *x509.Certificate) int {
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok {
		return key.N.BitLen()
	}
	return 0
}

func oddCommonName(certs []*x509.Certificate) bool {
	var names []any
	if len(certs) > 0 {
		for _, attribute := range certs[0].Subject.Names {
			if attribute.Type.Equal(commonNameOID) {
				names = append(names, attribute.Value)
			}
		}
	}
	return len(names) > 1 || len(names) == 1 && names[0] == ""
}

func (x *exchange) anonymousCertificate() bool {
	return len(x.certs) > 0 && (x.certificate.name == "system:anonymous" || x.certificate.name == "system:unauthenticated")
}

func (x *exchange) anonymousToken() bool {
	return x.token() == "static-nobody" || x.token() == "static-guest"
}

// certificateRefused reports whether upstream refuses the certificate, or would if
// it were as those deviations have it that came before.
func (x *exchange) certificateRefused(bad []*x509.Certificate) bool {
	return len(x.certs) > 0 && (x.certs[0] == bad[0] || x.certificate.class == refused || x.certificate.name == tenth || x.certificate.name == large)
}

func (x *exchange) rawPath() string {
	r, err := http.NewRequest(http.MethodGet, x.target, nil)
	if err != nil {
		panic(err) // of a target of this package's own
	}
	return r.URL.RawPath
}
