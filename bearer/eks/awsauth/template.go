package awsauth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/internal/clip"
)

// The variables of templates.
const (
	accountID      = "AccountID"
	accessKeyID    = "AccessKeyID"
	sessionName    = "SessionName"
	sessionNameRaw = "SessionNameRaw"
	privateDNSName = "EC2PrivateDNSName"
)

// template is a text with variables in it.
type template struct {
	text  string
	parts []part
}

// part is a text as it stands, or a variable.
type part struct{ literal, variable string }

// parseTemplate reads a template for a role, or for somebody without a session.
func parseTemplate(text string, role bool) (template, error) {
	if err := authn.CheckName(text); err != nil {
		return template{}, err
	}
	t := template{text: text}
	for rest := text; rest != ""; {
		literal, after, some := strings.Cut(rest, "{{")
		if literal != "" {
			t.parts = append(t.parts, part{literal: literal})
		}
		if !some {
			break
		}
		name, after, ended := strings.Cut(after, "}}")
		if !ended {
			return template{}, errors.New("{{ without }}")
		}
		if err := checkVariable(name, role); err != nil {
			return template{}, err
		}
		t.parts = append(t.parts, part{variable: name})
		rest = after
	}
	return t, nil
}

func checkVariable(name string, role bool) error {
	switch name {
	case accountID, accessKeyID:
		return nil
	case sessionName, sessionNameRaw, privateDNSName:
		if role {
			return nil
		}
		return fmt.Errorf("{{%s}}: only roles have sessions", name)
	}
	return fmt.Errorf("no variable is called %s", clip.Quote(name))
}

// values are what variables are for an identity. The first error is kept.
type values struct {
	ctx      context.Context
	id       eks.Identity
	instance func(context.Context, eks.Identity) (string, error)
	name     string // of the instance, once it is known
	err      error
}

// render fills a template in. What comes into it is not looked at again.
func (t template) render(v *values) string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.literal)
		if p.variable != "" {
			b.WriteString(v.get(p.variable))
		}
	}
	return b.String()
}

func (v *values) get(variable string) string {
	switch variable {
	case accountID:
		return v.id.Account
	case accessKeyID:
		return v.id.AccessKeyID
	case sessionName:
		return strings.ReplaceAll(v.id.SessionName, "@", "-")
	case sessionNameRaw:
		return v.id.SessionName
	}
	if v.name == "" && v.err == nil {
		v.name, v.err = v.dnsName()
	}
	return v.name
}

var (
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
	instanceForm = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)
	dnsForm      = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
)

func (v *values) dnsName() (string, error) {
	switch {
	case v.instance == nil:
		return "", authn.Errorf(authn.RuleFailed, "{{%s}}: needs Options.PrivateDNSName", privateDNSName)
	case !instanceForm.MatchString(v.id.SessionName):
		return "", authn.Errorf(authn.RuleFailed, "{{%s}}: the session %s is not called after an instance", privateDNSName, clip.Quote(v.id.SessionName))
	}
	name, err := v.instance(v.ctx, v.id)
	var told *authn.Error
	switch {
	case errors.As(err, &told):
		return "", fmt.Errorf("{{%s}}: %w", privateDNSName, err)
	case err != nil:
		return "", authn.Errorf(authn.Unavailable, "{{%s}}: %w", privateDNSName, err)
	case !dnsForm.MatchString(name):
		return "", authn.Errorf(authn.InvalidUser, "{{%s}}: %s is not the name of a host", privateDNSName, clip.Quote(name))
	}
	return name, nil
}
