/** What admins, instructors and the server itself have done. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type AuditEntry, auditQuery } from "../../api/admin";
import { Moment } from "../../ui/moment";
import { Page } from "../../ui/page";
import { Paged } from "../../ui/paged";
import { Cell, Row, Table } from "../../ui/table";

/** `/admin/audit` */
export function AuditPage() {
  const { t } = useTranslation();
  const audit = useInfiniteQuery(auditQuery);
  const head = ["when", "action", "detail", "actor", "subject"] as const;
  return (
    <Page title={t("admin.pages.audit")} lead={t("admin.audit.lead")}>
      <Paged query={audit} items={(page) => page.entries} empty={t("admin.audit.none")}>
        {(all) => (
          <Table caption={t("admin.pages.audit")} head={head.map((name) => t(`admin.audit.${name}`))}>
            {all.map((entry) => (
              <EntryRow key={entry.id} entry={entry} />
            ))}
          </Table>
        )}
      </Paged>
    </Page>
  );
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const detail = Object.entries(entry.detail).map(([name, value]) => `${name}: ${text(value)}`);
  return (
    <Row>
      <Cell>
        <Moment at={entry.at} />
      </Cell>
      <Cell nowrap>
        <code className="font-mono">{entry.action}</code>
      </Cell>
      <Cell>{detail.join(", ")}</Cell>
      <Cell nowrap>{entry.actorId ? <Key id={entry.actorId} /> : t("admin.audit.server")}</Cell>
      <Cell nowrap>{entry.subjectId ? <Key id={entry.subjectId} /> : null}</Cell>
    </Row>
  );
}

/** The end of a key is what tells two apart: its beginning is the time. */
function Key({ id }: { id: string }) {
  return (
    <code className="font-mono text-xs" title={id}>
      …{id.slice(-8)}
    </code>
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
