package webhook

import (
	"cmp"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/strictjson"
)

const group = "authentication.k8s.io/"

// status is what counts of the answer.
type status struct {
	Authenticated bool
	User          user.DefaultInfo
	Audiences     []string
	Error         string
}

// request returns the TokenReview to send.
func (a *Authenticator) request(token string, audiences []string) []byte {
	b := make([]byte, 0, 128+len(token)+64*len(audiences))
	b = append(b, `{"apiVersion":"`+group...)
	b = append(b, a.version...)
	b = append(b, `","kind":"TokenReview","spec":{"token":`...)
	b = strictjson.AppendString(b, token)
	if len(audiences) > 0 {
		b = strictjson.AppendStrings(append(b, `,"audiences":`...), audiences)
	}
	return append(b, `}}`...)
}

// parse reads an answer that must be a TokenReview of the version asked for.
func (a *Authenticator) parse(body []byte) (*status, error) {
	rv, err := strictjson.Parse(string(body))
	if err != nil {
		return nil, fmt.Errorf("the answer: %w", err)
	}
	version, _ := rv.Get("apiVersion").Text()
	kind, _ := rv.Get("kind").Text()
	if kind != "TokenReview" || version != group+a.version {
		return nil, fmt.Errorf("the answer is a %s of %s, not a TokenReview of %s", clip.Quote(kind), clip.Quote(version), group+a.version)
	}
	st, err := parseStatus(rv.Get("status"))
	if err != nil {
		return nil, fmt.Errorf("the answer: status: %w", err)
	}
	return st, nil
}

// parseStatus reads a TokenReviewStatus. Members that are null count as missing,
// and missing ones have their zero value, as for every Kubernetes object.
func parseStatus(v strictjson.Value) (*status, error) {
	st := &status{}
	if v.Null() {
		return st, nil
	}
	o, err := v.Object()
	if err != nil {
		return nil, err
	}
	err = cmp.Or(
		member(o, "authenticated", strictjson.Value.Bool, &st.Authenticated),
		member(o, "error", strictjson.Value.Text, &st.Error),
		member(o, "audiences", strictjson.Value.Texts, &st.Audiences),
		member(o, "user", parseUser, &st.User),
	)
	return st, err
}

func parseUser(v strictjson.Value) (u user.DefaultInfo, err error) {
	o, err := v.Object()
	if err != nil {
		return u, err
	}
	err = cmp.Or(
		member(o, "username", strictjson.Value.Text, &u.Name),
		member(o, "uid", strictjson.Value.Text, &u.UID),
		member(o, "groups", strictjson.Value.Texts, &u.Groups),
		member(o, "extra", extra, &u.Extra),
	)
	return u, err
}

func extra(v strictjson.Value) (map[string][]string, error) {
	o, err := v.Object()
	if err != nil {
		return nil, err
	}
	all := make(map[string][]string, len(o))
	for _, m := range o {
		if m.Value.Null() {
			all[m.Name] = nil
		} else if all[m.Name], err = m.Value.Texts(); err != nil {
			return nil, fmt.Errorf("%s: %w", clip.Quote(m.Name), err)
		}
	}
	return all, nil
}

// member reads one member of o into dst, unless it is missing or null.
func member[T any](o strictjson.Object, name string, read func(strictjson.Value) (T, error), dst *T) error {
	v := o.Get(name)
	if v.Null() {
		return nil
	}
	got, err := read(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	*dst = got
	return nil
}
