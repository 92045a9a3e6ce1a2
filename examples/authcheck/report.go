package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// report is what -o json prints; see the comment of the package.
type report struct {
	Issuer    string    `json:"issuer"`
	Index     int       `json:"index"`
	Accepted  bool      `json:"accepted"`
	Signature string    `json:"signature"`
	User      *userInfo `json:"user"`
	Steps     []step    `json:"steps"`
	Warnings  []string  `json:"warnings"`
}

type userInfo struct {
	Username string              `json:"username"`
	UID      string              `json:"uid"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra"`
}

type step struct {
	Path    string `json:"path"`
	Verdict string `json:"verdict"`
	Value   any    `json:"value"`
	Reason  string `json:"reason"`
	Error   string `json:"error"`
}

func newReport(r *authconfig.Report, warnings []string) *report {
	out := &report{
		Issuer:    r.Issuer,
		Index:     r.Index,
		Accepted:  r.Accepted,
		Signature: "not verified",
		Steps:     []step{},
		Warnings:  append([]string{}, warnings...),
	}
	if r.User != nil {
		out.User = newUserInfo(r.User)
	}
	for _, s := range r.Steps {
		out.Steps = append(out.Steps, newStep(s))
	}
	return out
}

// newUserInfo leaves nothing nil, so that JSON has lists where they are empty.
func newUserInfo(u user.Info) *userInfo {
	extra := map[string][]string{}
	for key, values := range u.GetExtra() {
		extra[key] = list(values)
	}
	return &userInfo{u.GetName(), u.GetUID(), list(u.GetGroups()), extra}
}

func list(values []string) []string { return append([]string{}, values...) }

func newStep(s authconfig.Step) step {
	switch {
	case s.Skipped:
		return step{Path: s.Path, Verdict: "skipped", Error: whySkipped(s.Path)}
	case s.Err != nil:
		return step{s.Path, "refused", valueOf(s), string(authn.ReasonOf(s.Err)), whyRefused(s)}
	}
	return step{Path: s.Path, Verdict: "ok", Value: valueOf(s)}
}

func whySkipped(path string) string {
	if path == "distributed claims" {
		return "the groups are elsewhere, where nobody is asked; the user is shown without"
	}
	return "there is no user to check"
}

// whyRefused returns the error without the path, which stands beside it.
func whyRefused(s authconfig.Step) string {
	return oneLine(withoutPackage(strings.TrimPrefix(s.Err.Error(), s.Path+": ")))
}

// valueOf returns what a step gave. One that is refused may have had nothing to
// give.
func valueOf(s authconfig.Step) any {
	switch v := s.Value.(type) {
	case string:
		if v == "" && s.Err != nil {
			return nil
		}
	case []string:
		if len(v) == 0 && s.Err != nil {
			return nil
		}
		return list(v)
	}
	return s.Value
}

// refusals returns the paths of the steps that refuse the token, each once.
func (r *report) refusals() []string {
	var paths []string
	for _, s := range r.Steps {
		if s.Verdict == "refused" && !slices.Contains(paths, s.Path) {
			paths = append(paths, s.Path)
		}
	}
	return paths
}

// write prints the report all at once.
func (r *report) write(w io.Writer, s *settings) error {
	var b bytes.Buffer
	if s.json {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(r); err != nil {
			return fmt.Errorf("the report: %w", err)
		}
	} else {
		text{&b, isTerminal(w)}.print(r, s)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	return nil
}
